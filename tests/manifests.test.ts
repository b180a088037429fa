import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const SOURCE = '@respond-async/source'
/** What brings libraries along, and which. Core, adapters, stores and engines bring none. */
const BROUGHT: Readonly<Record<string, readonly string[]>> = { webhooks: ['ipaddr.js', 'standardwebhooks'] }
const packages = new URL('../packages/', import.meta.url)

describe.each(readdirSync(packages))('the manifest of packages/%s', (folder) => {
  const home = new URL(`${folder}/`, packages)
  const manifest = JSON.parse(readFileSync(new URL('package.json', home), 'utf8'))
  const { './package.json': _, ...entries } = manifest.exports as Record<string, Record<string, unknown>>

  it('publishes its exports without the source condition, and nothing else differs', () => {
    const published = Object.fromEntries(
      Object.entries(manifest.exports).map(([path, target]) => {
        if (typeof target === 'string') return [path, target]
        const { [SOURCE]: _source, ...rest } = target as Record<string, unknown>
        return [path, rest]
      }),
    )
    expect(manifest.publishConfig.exports).toEqual(published)
    expect(JSON.stringify(manifest.publishConfig)).not.toContain('src/')
  })

  it.each(Object.entries(entries))('has the source of %s', (_path, target) => {
    // One file, or one for each platform.
    const sources = typeof target[SOURCE] === 'string' ? [target[SOURCE]] : Object.values(Object(target[SOURCE]))
    expect(sources).not.toEqual([])
    for (const source of sources) expect(existsSync(new URL(String(source), home))).toBe(true)
  })

  it('is found by tools that look at no exports (Parcel, the resolver of eslint-plugin-import)', () => {
    const { import: module = manifest.exports['.'], require: commonJs = module } = manifest.exports['.']
    expect(manifest).toMatchObject({ main: commonJs.default, module: module.default, types: commonJs.types })
  })

  it('runs nothing on install and depends on no framework', () => {
    expect(Object.keys(manifest.scripts)).not.toContain('postinstall')
    expect(Object.keys(manifest.dependencies ?? {})).toEqual(BROUGHT[folder] ?? [])
  })
})
