/** The tests of docs/testing.md, run as they stand there, by the runner that they are written for. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { blocksOf } from '../scripts/markdown.mjs'

const runner = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const document = readFileSync(new URL('../docs/testing.md', import.meta.url), 'utf8')
const blocks = blocksOf(document).filter(({ language }) => language === 'ts')

/** Runs the tests of the document, with its files as `change` makes them; the names of those that passed, and that did not. */
function runTests(name: string, change: (code: string) => string) {
  const folder = fileURLToPath(new URL(`node_modules/.cache/testing/${name}`, import.meta.url))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { code } of blocks) writeFileSync(join(folder, code[0]?.slice('// '.length) ?? ''), change(code.join('\n')))
  writeFileSync(join(folder, 'vitest.config.ts'), 'export default {}') // those of this repository are not the reader's
  const results = join(folder, 'results.json')
  const args = ['run', '--root', folder, '--reporter', 'json', '--outputFile', results]
  const { stderr } = spawnSync(process.execPath, [runner, ...args], { encoding: 'utf8' })
  const { testResults }: Results = JSON.parse(readFileSync(results, 'utf8'))
  const ended = (status: string) =>
    testResults.flatMap(({ assertionResults }) => assertionResults.filter((one) => one.status === status).map(({ title }) => title))
  return { passed: ended('passed').sort(), failed: ended('failed').sort(), stderr }
}
interface Results {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly title: string; readonly status: string }[] }[]
}

test('the tests of docs/testing.md pass', { timeout: 120_000 }, () => {
  const { passed, failed, stderr } = runTests('as-it-is', (code) => code)
  expect(failed, stderr).toEqual([])
  expect(passed).toEqual([
    'a report can be read for a day',
    'a report is made',
    'a report of no month is refused',
    'a worker knows whose report it makes',
    'the client is told where to look',
  ])
})

test('they fail where a worker would miss data that was not stored', { timeout: 120_000 }, () => {
  const { failed } = runTests('without-carry', (code) => code.replace(`{ operation: 'report', carry }`, `'report'`))
  expect(failed).toEqual(['a worker knows whose report it makes'])
})
