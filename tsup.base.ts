import { defineConfig, type Options } from 'tsup'

/**
 * How every published package is built: ES module, CommonJS and types for each entry.
 *
 * Packages of this scope stay imports, a package's own name included: an entry such as `core/fetch` imports `@respond-async/core`
 * instead of carrying a second copy of it.
 */
export const library = (entry: string[], options: Options = {}) =>
  defineConfig({
    entry,
    format: ['esm', 'cjs'],
    dts: true,
    clean: true,
    sourcemap: true,
    target: 'es2022',
    treeshake: true,
    // Some of Node's modules are only there under their full names: node:test, node:sqlite.
    removeNodeProtocol: false,
    external: [/^@respond-async\//, /^cloudflare:/],
    ...options,
  })
