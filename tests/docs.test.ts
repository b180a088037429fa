import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJobs, type JobEngine, memoryStore, TRANSITIONS } from '@respond-async/core'
import { expect, onTestFinished, test } from 'vitest'
import { blocksOf } from '../scripts/markdown.mjs'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('docs/states.md shows the table that the code works with', () => {
  const rows = Object.entries(TRANSITIONS).flatMap(([from, cells]) =>
    Object.entries(cells).map(([event, to]) => `| \`${from}\` | \`${event}\` | \`${to}\` |`),
  )
  const shown = /<!-- transitions -->\n.*\n.*\n([\s\S]*?)\n<!--/.exec(read('docs/states.md'))?.[1]
  expect(shown?.split('\n')).toEqual(rows)
})

test('docs/options.md has every option of the interfaces, and no other', () => {
  const core = ['options', 'memory-store', 'in-process', 'wait-until', 'jobs-api', 'fetch'].map((file) => `packages/core/src/${file}.ts`)
  const source = [...core, 'packages/hono/src/index.ts'].map(read).join('\n')
  const declared = [...source.matchAll(/^export interface (?:\w+Options)(?:<.*>)? \{\n([\s\S]*?)^\}/gm)].flatMap(([, body = '']) =>
    [...body.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name),
  )
  const listed = read('docs/options.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(?:\w+\(\{ )?(\w+)(?: \}\))?`/g)].map(([, name]) => name))
  expect([...new Set(listed)].sort()).toEqual([...new Set(declared)].sort())
})

test('docs/errors.md has every code that the library throws', () => {
  const codes = [...(/type JobsErrorCode =\n([\s\S]*?)\n\n/.exec(read('packages/core/src/errors.ts'))?.[1] ?? '').matchAll(/'(\w+)'/g)].map(
    ([, code]) => code,
  )
  const listed = [...(read('docs/errors.md').split('## What the library throws')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(10)
  expect(codes.filter((code) => !listed.includes(code))).toEqual([])
})

test('what a document opens hears of a lost connection: a pool of pg without a listener ends the process, a client of Redis prints what nobody asked for', () => {
  const documents = globSync(['README.md', 'docs/*.md', 'packages/*/README.md'], { cwd: new URL('..', import.meta.url) })
  const opening = documents.flatMap((path) =>
    blocksOf(read(path))
      .map(({ line, code }) => ({ at: `${path}:${line}`, text: code.join('\n') }))
      .filter(({ text }) => /from '(?:pg|ioredis|redis)'/.test(text) && /new (?:pg\.)?Pool\(|new Redis\(|createClient\(/.test(text)),
  )
  expect(opening.length).toBeGreaterThan(4)
  expect(opening.filter(({ text }) => !text.includes(".on('error'")).map(({ at }) => at)).toEqual([])
})

test('the engine of docs/write-an-engine.md delivers again what is to be tried again, and goes on after a store that was away', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'docs-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'engine.ts')
  writeFileSync(
    file,
    blocksOf(read('docs/write-an-engine.md'))
      .find(({ language }) => language === 'ts')
      ?.code.join('\n') ?? '',
  )
  const { oneByOne } = (await import(file)) as { oneByOne: () => JobEngine } // as the document exports it

  const store = memoryStore()
  let away = false
  const told: unknown[] = []
  const jobs = createJobs({
    store: { ...store, claim: undefined, get: (id, view) => (away ? Promise.reject(new Error('away')) : store.get(id, view)) },
    ...{ engine: oneByOne(), sweepMs: 0, onError: (error) => void told.push(error) },
  })
  onTestFinished(() => jobs.stop())
  const ended: string[] = []
  jobs.define('name', { retries: 1, backoffMs: 1 }, async ({ handle }) => {
    if (handle.attempt === 1) throw new Error('the first time')
    ended.push(handle.id)
    return { status: 204, headers: {}, body: null }
  })
  await jobs.start()
  const first = await jobs.submit('name', null)
  await expect.poll(() => ended).toEqual([first.id])
  away = true
  await jobs.submit('name', null)
  await expect.poll(() => told.map(String)).toContain('Error: away')
  away = false
  const third = await jobs.submit('name', null)
  await expect.poll(() => ended).toEqual([first.id, third.id])
})
