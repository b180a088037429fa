import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsup'

/**
 * One self-contained file without Node built-ins, so that Node, Bun, Deno and workerd run the very same code.
 *
 * The fonts are inlined as bytes. The WOFF2 decoder's 480 kB dictionary is replaced, since the fonts used here are WOFF.
 */
export default defineConfig({
  entry: ['src/index.ts', 'src/sample-file.ts'],
  format: 'esm',
  dts: true,
  clean: true,
  target: 'es2022',
  // The builds of the libraries that need no Node built-ins.
  platform: 'browser',
  minify: true,
  splitting: false,
  noExternal: [/.*/],
  external: [/^node:/, 'vega-datasets'],
  loader: { '.woff': 'binary' },
  esbuildOptions(options) {
    options.alias = { 'brotli/decompress.js': fileURLToPath(new URL('src/no-brotli.ts', import.meta.url)) }
    options.legalComments = 'none'
  },
})
