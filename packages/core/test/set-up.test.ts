import { afterEach, describe, expect, test, vi } from 'vitest'
import { createJobs, inProcess, JobsError, memoryStore, waitUntil } from '../src/index'
import { createService, ok } from './service'

const codeOf = (misuse: () => unknown): [string | undefined, string] => {
  try {
    misuse()
    return [undefined, 'nothing was thrown']
  } catch (error) {
    return error instanceof JobsError ? [error.code, error.message] : [undefined, String(error)]
  }
}

describe('misuse is an error at set-up that says what to do', () => {
  test.each<[string, () => unknown, string, RegExp]>([
    ['a number that is none', () => createJobs({ leaseMs: Number.NaN }), 'invalid_option', /leaseMs must be a whole number from 1000 to/],
    ['a lease too short', () => createJobs({ leaseMs: 10 }), 'invalid_option', /leaseMs/],
    ['a fraction', () => createJobs({ tombstoneMs: 1.5 }), 'invalid_option', /tombstoneMs/],
    ['a time beyond all dates', () => createJobs({ defaults: {}, tombstoneMs: 9e15 }), 'invalid_option', /tombstoneMs/],
    ['an unknown word', () => createJobs({ onComplete: 'json' as never }), 'invalid_option', /onComplete must be "document" or "redirect"/],
    ['no answer to a question', () => createJobs({ redefine: 'yes' as never }), 'invalid_option', /redefine must be true or false/],
    ['a status', () => createJobs({ pendingStatus: 204 as never }), 'invalid_option', /pendingStatus must be 200 or 202/],
    [
      'an origin that is no list',
      () => createJobs({ cors: 'https://a.example' as never }),
      'invalid_option',
      /cors must be "\*" or \["https:/,
    ],
    ['a path that is a URL', () => createJobs({ path: 'https://x/jobs' }), 'invalid_option', /path must be a path such as "\/jobs"/],
    ['a relative path', () => createJobs({ path: 'jobs' }), 'invalid_option', /path/],
    ['a base URL without a scheme', () => createJobs({ baseUrl: 'api.example.com' }), 'invalid_option', /baseUrl/],
    ['bounds the wrong way round', () => createJobs({ retryAfterMinMs: 9_000, retryAfterMaxMs: 10 }), 'invalid_option', /retryAfterMinMs/],
    ['a lower bound above the upper one that is there', () => createJobs({ retryAfterMinMs: 90_000 }), 'invalid_option', /60000/],
    ['an upper bound below the lower one that is there', () => createJobs({ retryAfterMaxMs: 500 }), 'invalid_option', /1000/],
    ['no room', () => memoryStore({ maxJobs: 0 }), 'invalid_option', /memoryStore: maxJobs/],
    ['no slot', () => inProcess({ concurrency: 0 }), 'invalid_option', /inProcess: concurrency/],
    [
      'wrong bytes',
      () => createService().wrap('a', { maxBodyBytes: -1 }, async () => ok(1)),
      'invalid_option',
      /respondAsync\("a"\): maxBodyBytes/,
    ],
    ['a wait too long', () => createService().wrap('a', { when: { afterMs: 60_000 } }, async () => ok(1)), 'invalid_option', /afterMs/],
    ['an unknown when', () => createService().wrap('a', { when: 'later' as never }, async () => ok(1)), 'invalid_option', /when/],
    [
      'more time than the engine has',
      () => createService({ engine: waitUntil() }).wrap('a', { maxRunMs: 60_000 }, async () => ok(1)),
      'invalid_option',
      /this engine can run a job for 25000 ms at most/,
    ],
    [
      'one name twice',
      () => {
        const { wrap } = createService()
        wrap('a', {}, async () => ok(1))
        wrap('a', {}, async () => ok(2))
      },
      'duplicate_operation',
      /taken by another route/,
    ],
  ])('%s', (_title, misuse, code, says) => {
    const [thrown, message] = codeOf(misuse)
    expect([thrown, message]).toEqual([code, expect.stringMatching(says)])
  })

  test('one name twice where that is wanted: the later handler runs', async () => {
    const { wrap, post } = createService({ redefine: true })
    wrap('a', {}, async () => ok(1))
    wrap('a', { when: { afterMs: 1_000 } }, async () => ok(2))
    expect(await post('a')).toMatchObject({ status: 200, body: '2' })
  })

  test('a job for an operation that is not there', async () => {
    await expect(createJobs().submit('nope', {})).rejects.toMatchObject({
      code: 'unknown_operation',
      message: expect.stringMatching(/respondAsync/),
    })
  })
})

describe('memory in production', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
  test('is warned of once, unless it is asked for by name', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    createJobs()
    vi.stubEnv('NODE_ENV', 'production')
    createJobs({ store: memoryStore() })
    expect(warn).not.toHaveBeenCalled()
    createJobs()
    createJobs()
    expect(warn).toHaveBeenCalledOnce()
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/store: memoryStore\(\) to say that this is meant/))
  })
})

describe('on Workers', () => {
  afterEach(() => vi.unstubAllGlobals())
  test('a store has to be given', () => {
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' })
    const [code, message] = codeOf(() => createJobs())
    expect(code).toBe('store_required')
    expect(message).toMatch(/durableObjectStore/)
    expect(createJobs({ store: memoryStore() })).toBeDefined()
  })
})
