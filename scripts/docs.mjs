/**
 * The documents, checked: every TypeScript block is compiled as a module of its own, strictly, and every relative link leads to a
 * file and a heading that are there. Names that a block takes from the reader's application are declared in a comment directly
 * before it, `<!-- given: declare function readPage(page: number): Promise<string> -->`, which no reader sees. Expects a build.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { anchorsOf, blocksOf, linksOf, moduleOf } from './markdown.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path) => readFileSync(join(root, path), 'utf8')
/** Where the blocks of a document are compiled: next to all that they import. */
const homeOf = (path) => `${path.startsWith('examples/') ? dirname(path) : 'tests'}/.docs`
const COMPILER = 'node_modules/@typescript/native'

const documents = globSync(['**/*.md', '.changeset/*.md'], { cwd: root, exclude: ['**/node_modules', '**/dist'] })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
const HAS_CODE = /^(?:README|CONTRIBUTING)\.md$|^docs\/[^/]+\.md$|^(?:packages|examples)\/[^/]+\/README\.md$/

/** Workers have their own types instead of those of Node and the browser. */
const FOR_NODE = { types: ['node'] }
const FOR_WORKERS = {
  lib: ['ES2023'],
  typeRoots: [join(root, 'packages/workers/node_modules')],
  types: ['@cloudflare/workers-types'],
  customConditions: [], // built declarations: the source of core is written for the Web's types
}
const isForWorkers = (path, code) => path.startsWith('packages/workers/') || /from '(?:@respond-async\/workers|cloudflare:)/.test(code)

/** A block may begin with the name of its file, `// src/service.ts`: then the others of its document can import it. */
const fileOf = ({ code }) => /^\/\/ ([\w./[\]-]+\.ts)\b/.exec(code[0] ?? '')?.[1]

/** Writes a block as a project for the compiler, beside those that it may import; its folder. */
function projectOf(path, block, others) {
  const folder = `${homeOf(path)}/${path}/${block.line}`
  const write = (file, text) => {
    mkdirSync(dirname(join(root, folder, file)), { recursive: true })
    writeFileSync(join(root, folder, file), text)
  }
  for (const other of others.filter(fileOf)) write(fileOf(other), moduleOf(other))
  const file = fileOf(block) ?? 'block.ts'
  const code = moduleOf(block)
  write(file, code)
  const compilerOptions = { moduleDetection: 'force', ...(isForWorkers(path, code) ? FOR_WORKERS : FOR_NODE) }
  write('tsconfig.json', JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, files: [file] }))
  return folder
}

/** The errors of the compiler, in one run over all projects, each compiled separately. */
function compile(folders) {
  const { bin } = JSON.parse(read(`${COMPILER}/package.json`))
  const args = [join(root, COMPILER, bin.tsc), '--build', '--force', '--pretty', 'false', ...folders]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  return { ok: status === 0, errors: stdout.split(/\n(?=\S)/).filter((error) => error.trim() !== ''), stderr }
}

/** The broken links of a document, as messages. */
const brokenLinks = (path) =>
  linksOf(read(path)).flatMap(({ line, target }) => {
    if (/^[a-z][a-z\d+.-]*:/i.test(target)) return []
    const [file = '', anchor] = decodeURI(target).split('#')
    const place = file === '' ? path : join(dirname(path), file)
    if (file.startsWith('/') || place.startsWith('..') || !existsSync(join(root, place)))
      return [`${path}:${line}: ${target} does not exist`]
    const shown = existsSync(join(root, place, 'README.md')) ? join(place, 'README.md') : place
    return anchor === undefined || anchorsOf(read(shown)).has(anchor) ? [] : [`${path}:${line}: there is no heading for ${target}`]
  })

for (const home of new Set(documents.map(homeOf))) rmSync(join(root, home), { recursive: true, force: true })
const blocks = documents
  .filter((path) => HAS_CODE.test(path))
  .flatMap((path) => {
    const own = blocksOf(read(path)).filter(({ language }) => language === 'ts')
    return own.map((block) => ({ path, folder: projectOf(path, block, own) }))
  })
const { ok, errors, stderr } = compile(blocks.map(({ folder }) => folder))

let failed = 0
for (const path of documents) {
  const own = blocks.filter((block) => block.path === path)
  // A module has the same line numbers as its document, so only the path has to be replaced.
  const wrong = own.flatMap(({ folder }) =>
    errors
      .filter((error) => error.startsWith(`${folder}/`))
      .map((error) => error.trimEnd().replace(/^\S+?\((\d+),(\d+)\)/, `${path}:$1:$2`)),
  )
  const problems = [...new Set(wrong), ...brokenLinks(path)]
  for (const problem of problems) console.log(problem)
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${path}${own.length > 0 ? ` (${own.length} compiled)` : ''}`)
  if (problems.length > 0) failed += 1
}
const elsewhere = errors.filter((error) => !blocks.some(({ folder }) => error.startsWith(`${folder}/`)))
if (!ok && (errors.length === 0 || elsewhere.length > 0)) console.log(`FAILED outside of the documents:\n${elsewhere.join('\n')}${stderr}`)
process.exitCode = ok && failed === 0 && blocks.length > 0 ? 0 : 1
