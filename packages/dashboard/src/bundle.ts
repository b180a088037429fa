import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** A file of the page, with a hash of its content in its name. */
export interface BundledFile {
  readonly name: string
  readonly text: string
}

async function bundle() {
  const { outputFiles } = await build({
    ...{ entryPoints: [pathOf('./page/main.tsx'), pathOf('./page/style.css')], outdir: 'assets', write: false, logLevel: 'error' },
    ...{ bundle: true, minify: true, format: 'esm', target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'], charset: 'utf8' },
    ...{ jsx: 'automatic', jsxImportSource: 'preact', conditions: ['module'], define: { 'process.env.NODE_ENV': '"production"' } },
    legalComments: 'eof',
  })
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  return {
    script: named('page', 'js', text('.js')),
    style: named('page', 'css', text('.css')),
    icon: named('icon', 'svg', readFileSync(pathOf('./page/icon.svg'), 'utf8').trim()),
  }
}

const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const named = (name: string, end: string, text: string): BundledFile => ({
  name: `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}.${end}`,
  text,
})

/**
 * The built page. Built when this module is loaded from source; the published package has the output in place of this module (see
 * tsup.config.ts), so that it needs no file system and no build tools.
 */
export const BUNDLE: Readonly<Record<'script' | 'style' | 'icon', BundledFile>> = await bundle()
