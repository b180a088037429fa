import { expect, test } from 'vitest'
import { anchorsOf, blocksOf, linksOf, moduleOf } from '../scripts/markdown.mjs'

const DOCUMENT = `# Rows & pages

<!-- given: declare const rows: number -->
\`\`\`ts
console.log(rows)
\`\`\`

<!-- given:
declare const a: string
declare const b: string -->

\`\`\`\`md
\`\`\`ts
# no heading, [no link](nowhere.md)
\`\`\`
\`\`\`\`

<!-- a remark -->
\`\`\`
nothing is given
\`\`\`

## \`rows\` of a [page](page.md#top "Title")

## Rows & pages

See [\`code\`](code.md), ![a chart](chart.svg) and \`[no link](nowhere.md)\`, <a href="html.md">that</a>.

[reference]: reference.md
`

test('blocks: what a fence holds, up to its own end, and what a comment before it gives', () => {
  expect(blocksOf(DOCUMENT)).toEqual([
    { language: 'ts', line: 5, code: ['console.log(rows)'], givenLine: 3, given: ['            declare const rows: number    '] },
    {
      ...{ language: 'md', line: 13, code: ['```ts', '# no heading, [no link](nowhere.md)', '```'] },
      ...{ givenLine: 8, given: ['           ', 'declare const a: string', 'declare const b: string    '] },
    },
    { language: '', line: 20, code: ['nothing is given'], givenLine: 0, given: [] },
  ])
})

test('modules: every line and column is where it is in the document', () => {
  const lines = DOCUMENT.split('\n')
  const [first, second] = blocksOf(DOCUMENT).map((block) => moduleOf(block).split('\n'))
  expect(first?.[4]).toBe(lines[4])
  expect(first?.[2]?.indexOf('rows')).toBe(lines[2]?.indexOf('rows'))
  expect(second?.slice(12, 15)).toEqual(lines.slice(12, 15))
  expect(second?.[8]).toBe(lines[8])
})

test('links: those of the prose, by line', () => {
  expect(linksOf(DOCUMENT)).toEqual([
    { line: 23, target: 'page.md#top' },
    { line: 27, target: 'code.md' },
    { line: 27, target: 'chart.svg' },
    { line: 27, target: 'html.md' },
    { line: 29, target: 'reference.md' },
  ])
})

test('anchors: headings as GitHub makes anchors of them, numbered where they repeat', () => {
  expect([...anchorsOf(DOCUMENT)]).toEqual(['rows--pages', 'rows-of-a-page', 'rows--pages-1'])
})
