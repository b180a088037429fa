/**
 * Builds what the page of a job brings along: src/page/live.ts and src/page/style.css, minified, as texts in src/page/assets.ts.
 * The texts are kept with the source, so that core runs from it without a build; a test compares them. `pnpm run page` here.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const PLACE = new URL('src/page/', import.meta.url)

/** The module as it is to be. */
export async function pageAssets() {
  const options = { bundle: true, minify: true, write: false, charset: 'utf8', legalComments: 'none', logLevel: 'error' }
  const texts = await Promise.all(
    ['live.ts', 'style.css'].map(async (name) => {
      const entry = fileURLToPath(new URL(name, PLACE))
      const target = ['chrome111', 'firefox121', 'safari16.4']
      const { outputFiles } = await build({ ...options, entryPoints: [entry], format: 'iife', target })
      return outputFiles[0].text.trim()
    }),
  )
  // In HTML a script ends at these letters, wherever they are in it.
  for (const text of texts) if (/<\/(?:script|style)|<!--/i.test(text)) throw new Error('These texts cannot stand in a page.')
  const [script, style] = texts.map(literal)
  return `// Made by page.mjs from live.ts and style.css.\nexport const SCRIPT =\n  // biome-ignore lint/suspicious/noTemplateCurlyInString: text of a program\n  ${script}\nexport const STYLE =\n  ${style}\n`
}

/** As the formatter writes it: in the quotes of which fewer have to be escaped. */
function literal(text) {
  const count = (sign) => text.split(sign).length
  const quote = count("'") > count('"') ? '"' : "'"
  return quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n') + quote
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(new URL('assets.ts', PLACE), await pageAssets())
