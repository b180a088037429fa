import { readFileSync } from 'node:fs'
import { TRANSITIONS } from '@respond-async/core'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('docs/states.md shows the table that the code works with', () => {
  const rows = Object.entries(TRANSITIONS).flatMap(([from, cells]) =>
    Object.entries(cells).map(([event, to]) => `| \`${from}\` | \`${event}\` | \`${to}\` |`),
  )
  const shown = /<!-- transitions -->\n.*\n.*\n([\s\S]*?)\n<!--/.exec(read('docs/states.md'))?.[1]
  expect(shown?.split('\n')).toEqual(rows)
})

test('docs/options.md has every option of the interfaces, and no other', () => {
  const core = ['options', 'memory-store', 'in-process', 'wait-until', 'jobs', 'fetch'].map((file) => `packages/core/src/${file}.ts`)
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
