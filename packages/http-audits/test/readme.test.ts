import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { USAGE } from '../src/command'
import { AUDIT_SETS, type AuditSet, FEATURES } from '../src/target'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const target = readme.split('## The audit target')[1] ?? ''

it('the README has every route of the target', () => {
  const routes = [...target.matchAll(/^\| `(\w+)` \| .+ \| (?:`[\w-]+`)? ?\|$/gm)].map(([, route]) => route)
  expect(routes).toEqual(Object.values<AuditSet>(AUDIT_SETS).flatMap((set) => Object.keys(set.routes)))
})

it('the README has every feature of the target', () => {
  expect(FEATURES.filter((feature) => !new RegExp(`(?:\\| |\\(|[Ff]eature |also )\`${feature}\``).test(target))).toEqual([])
})

it('the README has every option of the command', () => {
  const options = [...USAGE.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, option]) => option).filter((option) => option !== '--help')
  expect([...readme.matchAll(/^\| `(--[\w-]+)/gm)].map(([, option]) => option)).toEqual(options)
})
