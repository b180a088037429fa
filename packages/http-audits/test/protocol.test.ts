import { readFileSync } from 'node:fs'
import { PROBLEMS } from '@respond-async/core'
import { describe, expect, it } from 'vitest'
import { audits } from '../src/index'

const protocol = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
const section = (title: string) => protocol.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? ''
const ID = /\[([A-Z]{3}\d+)\]/g

describe('docs/protocol.md', () => {
  // The sentence that explains the ids names one in code, which is no promise.
  const promised = [...protocol.replaceAll(/`\[[A-Z]+\d+\]`/g, '').matchAll(ID)].map(([, id]) => id)

  it('names every audit once, and no other', () => {
    expect(promised.sort()).toEqual(audits.map(({ id }) => id).sort())
  })

  it('has an audit behind every MUST and SHOULD', () => {
    const rules = protocol.split('\n').filter((line) => line.startsWith('- ') && /\b(?:MUST|SHOULD)\b/.test(line))
    expect(rules.filter((line) => !/\[[A-Z]{3}\d+\]$/.test(line))).toEqual([])
    const outside = protocol
      .split('\n')
      .filter((line) => !line.startsWith('- ') && !line.startsWith('**MUST**') && /\b(?:MUST|SHOULD)\b/.test(line))
    expect(outside).toEqual([])
  })

  it('has the same level, MUST or SHOULD, as each audit', () => {
    for (const { id, level } of audits) {
      const line = protocol.split('\n').find((text) => text.startsWith('- ') && text.includes(`[${id}]`))
      expect(line, id).toContain(level)
    }
  })

  it('has the problems of core in its table', () => {
    const rows = [...section('Problems').matchAll(/^\| `([\w-]+)` \| (\d+) \| (.+) \|$/gm)].map(([, code, status, title]) => [
      code,
      Number(status),
      title,
    ])
    expect(rows).toEqual(Object.entries(PROBLEMS).map(([code, [status, title]]) => [code, status, title]))
  })
})

describe('the list of audits', () => {
  it('has ids of their own, and a title and a source for each', () => {
    expect(new Set(audits.map(({ id }) => id)).size).toBe(audits.length)
    for (const { id, title, source } of audits) {
      expect(id).toMatch(/^(?:ACC|PRF|IDM|DOC|POL|LNG|EVT|PAG|RES|CAP|LIV|CAN|PRG|LST|PRB|MET|COR|INP)[1-9]\d*$/)
      expect(title).toMatch(/^[a-z].*[^.]$/)
      expect(source).toMatch(/^(?:RFC \d|protocol, [A-Z]|draft-|Fetch \d)/)
    }
  })

  it('names parts of the protocol that are there', () => {
    const headings = new Set([...protocol.matchAll(/^###? (.+)$/gm)].map(([, title]) => title))
    const parts = audits.flatMap(({ source }) => /^protocol, (.+)$/.exec(source)?.[1] ?? [])
    expect(parts.filter((part) => !headings.has(part))).toEqual([])
  })
})
