import { defineConfig } from 'tsup'

/** The Worker as one module, as `wrangler deploy` would bundle it. */
export default defineConfig({
  entry: ['src/servers/worker.ts'],
  format: 'esm',
  clean: true,
  target: 'es2022',
  noExternal: [/^(?!cloudflare:)/],
  external: ['cloudflare:workers'],
  esbuildOptions(options) {
    options.conditions = ['workerd', 'worker', 'browser']
  },
})
