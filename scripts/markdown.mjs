/** Reads Markdown as far as the checks of the documents need it: fenced blocks, what is given to them, headings, links. */

/**
 * @typedef {object} Block
 * @property {string} language first word after the fence, '' if there is none
 * @property {number} line of the first line of code, from 1
 * @property {string[]} code
 * @property {number} givenLine where the comment `<!-- given: … -->` directly before the block begins; 0 if there is none
 * @property {string[]} given what is in that comment, columns kept: names that the block takes from the reader's application
 */

/** @param {string} text @returns {Block[]} */
export function blocksOf(text) {
  const lines = text.split('\n')
  /** @type {Block[]} */
  const blocks = []
  for (let at = 0; at < lines.length; at++) {
    const [, fence, language = ''] = /^ *(`{3,}|~{3,})\s*([^\s`]*)/.exec(lines[at] ?? '') ?? []
    if (!fence) continue
    const start = at + 1
    do at++
    while (at < lines.length && (lines[at] ?? '').trim() !== fence)
    blocks.push({ language, line: start + 1, code: lines.slice(start, at), ...givenBefore(lines, start - 1) })
  }
  return blocks
}

/** @param {string[]} lines @param {number} fence index of the opening fence */
function givenBefore(lines, fence) {
  let end = fence - 1
  if (lines[end]?.trim() === '') end--
  if (!lines[end]?.trimEnd().endsWith('-->')) return { givenLine: 0, given: [] }
  let start = end
  while (start > 0 && !lines[start]?.includes('<!--')) start--
  const given = lines.slice(start, end + 1).map((line) => line.replace('-->', '   '))
  const opening = /<!--\s*given:/.exec(given[0] ?? '')?.[0]
  if (opening === undefined) return { givenLine: 0, given: [] }
  given[0] = (given[0] ?? '').replace(opening, ' '.repeat(opening.length))
  return { givenLine: start + 1, given }
}

/** The block as a module whose lines are those of the document, so that a compiler's message names the right one. @param {Block} block */
export function moduleOf({ line, code, givenLine, given }) {
  /** @type {string[]} */
  const lines = new Array(line - 1).fill('')
  for (const [at, text] of given.entries()) lines[givenLine - 1 + at] = text
  return `${[...lines, ...code].join('\n')}\n`
}

/** Lines without code, fenced or inline: what is left is prose, at the same places. @param {string} text */
function proseOf(text) {
  const lines = text.split('\n')
  for (const { line, code } of blocksOf(text)) lines.fill('', line - 2, line + code.length)
  return lines.map((line) => line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => ' '.repeat(code.length)))
}

/** Targets of all links and images. @param {string} text */
export function linksOf(text) {
  const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s*<?([^\s>]+)|<(?:a|img)\s[^>]*?(?:href|src)="([^"]+)"/g
  return proseOf(text).flatMap((line, at) =>
    [...line.matchAll(LINK)].map(([, inline, reference, html]) => ({ line: at + 1, target: inline ?? reference ?? html ?? '' })),
  )
}

/** What may follow a `#` in a link to this document: its headings, as GitHub makes anchors of them, and ids. @param {string} text */
export function anchorsOf(text) {
  const lines = text.split('\n')
  for (const { line, code } of blocksOf(text)) lines.fill('', line - 2, line + code.length)
  /** @type {Set<string>} */
  const anchors = new Set()
  for (const line of lines) {
    for (const [, id] of line.matchAll(/<a\s[^>]*?(?:id|name)="([^"]+)"/g)) anchors.add(id ?? '')
    const [, heading] = /^#{1,6}\s+(.*?)(?:\s+#+)?\s*$/.exec(line) ?? []
    if (heading === undefined) continue
    const shown = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = shown.replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}
