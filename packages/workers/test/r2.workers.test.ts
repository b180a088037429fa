import { env, exports } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { r2Blobs } from '../src/r2'

const blobs = r2Blobs(env.BUCKET)
const keys = async () => (await env.BUCKET.list()).objects.map(({ key }) => key)

describe('r2Blobs', () => {
  it('keeps an object for each chunk, and gives it back as it was', async () => {
    const more = new Uint8Array(300_000).map((_, n) => n & 255)
    await blobs.write('a', 'request', 0, more.subarray(7, 262_151))
    await blobs.write('a', 'request', 1, new Uint8Array([9]))
    await blobs.write('a', 'request', 1, new Uint8Array(0))
    expect(await keys()).toEqual(['jobs/a/request/0', 'jobs/a/request/1'])
    expect(await blobs.read('a', 'request', 0)).toEqual(more.slice(7, 262_151))
    expect(await blobs.read('a', 'request', 1)).toEqual(new Uint8Array(0))
    for (const [id, name, index] of [
      ['a', 'request', 2],
      ['a', 'response-1', 0],
      ['b', 'request', 0],
    ] as const)
      expect(await blobs.read(id, name, index)).toBe(null)
    await blobs.remove('a')
    expect(await keys()).toEqual([])
  })

  it('removes all bodies of a job, or all but one, and those of no other', async () => {
    const write = async (id: string) => {
      for (const name of ['request', 'response-1', 'response-12']) await blobs.write(id, name, 0, new Uint8Array(1))
    }
    await write('a')
    await write('ab')
    await blobs.remove('a', 'response-1')
    expect((await keys()).filter((key) => key.startsWith('jobs/a/'))).toEqual(['jobs/a/response-1/0'])
    await blobs.remove('a')
    await blobs.remove('a')
    expect(await keys()).toEqual(['jobs/ab/request/0', 'jobs/ab/response-1/0', 'jobs/ab/response-12/0'])
    await blobs.remove('ab')
  })

  it('removes more chunks than one page of a list has', async () => {
    await Promise.all(Array.from({ length: 1_010 }, (_, index) => blobs.write('a', 'request', index, new Uint8Array(1))))
    await blobs.remove('a', 'response-1')
    expect(await keys()).toEqual([])
  })

  it('takes the names of its objects from its prefix', async () => {
    const other = r2Blobs(env.BUCKET, { prefix: 'reports/' })
    await other.write('a', 'request', 0, new Uint8Array(1))
    await blobs.remove('a')
    expect(await keys()).toEqual(['reports/a/request/0'])
    await other.remove('a')
  })

  it('keeps nothing of a request that was refused', async () => {
    const body = new ReadableStream({ pull: (pieces) => pieces.enqueue(new Uint8Array(100_000)) })
    const refused = await exports.default.fetch(new Request('https://example.com/flows', { method: 'POST', body }))
    expect(refused.status).toBe(413)
    await refused.text()
    await vi.waitFor(async () => expect(await keys()).toEqual([]), { timeout: 10_000 })
  })

  it('keeps nothing of a request whose client has left', async () => {
    const leaving = new AbortController()
    let pieces = 0
    const body = new ReadableStream({
      async pull(controller) {
        if (++pieces > 4) {
          await vi.waitUntil(async () => (await keys()).length > 0, { timeout: 10_000 })
          leaving.abort()
        } else controller.enqueue(new Uint8Array(100_000))
      },
    })
    const left = exports.default.fetch(new Request('https://example.com/flows', { method: 'POST', body, signal: leaving.signal }))
    await expect(left).rejects.toThrow(/abort/)
    await vi.waitFor(async () => expect(await keys()).toEqual([]), { timeout: 10_000 })
  })

  it('keeps nothing of a request that is refused when its client has left', async () => {
    const leaving = new AbortController()
    const init = { method: 'POST', headers: { 'x-stranger': 'yes' }, body: new Uint8Array(500_000), signal: leaving.signal }
    const left = exports.default.fetch(new Request('https://example.com/flows', init))
    await vi.waitFor(async () => expect((await keys()).length).toBe(2), { timeout: 10_000, interval: 10 })
    leaving.abort()
    await expect(left).rejects.toThrow(/abort/)
    await vi.waitFor(async () => expect(await keys()).toEqual([]), { timeout: 10_000 })
  })

  it('says what to do when the binding is missing', () => {
    expect(() => r2Blobs(undefined as never)).toThrow(/wrangler\.jsonc/)
    expect(() => r2Blobs(env.BUCKET, { prefx: 'mine/' } as never)).toThrow('r2Blobs: prefx is not an option')
  })
})
