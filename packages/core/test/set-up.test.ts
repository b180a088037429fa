import { afterEach, describe, expect, test, vi } from 'vitest'
import { createJobs, inProcess, type JobEngine, JobsError, memoryStore, waitUntil } from '../src/index'
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
    ['a base URL without a host', () => createJobs({ baseUrl: 'https:///api' }), 'invalid_option', /baseUrl/],
    ['a base URL that no field can hold', () => createJobs({ baseUrl: 'https://例え.example' }), 'invalid_option', /baseUrl/],
    ['a base URL that would end a link', () => createJobs({ baseUrl: 'https://a.example/>' }), 'invalid_option', /baseUrl/],
    ['any origin in a list', () => createJobs({ cors: ['*'] }), 'invalid_option', /cors must be "\*" or \["https:/],
    ['a host for an origin', () => createJobs({ cors: ['https://a.example', 'b.example'] }), 'invalid_option', /cors/],
    ['bounds the wrong way round', () => createJobs({ retryAfterMinMs: 9_000, retryAfterMaxMs: 10 }), 'invalid_option', /retryAfterMinMs/],
    ['a lower bound above the upper one that is there', () => createJobs({ retryAfterMinMs: 90_000 }), 'invalid_option', /60000/],
    ['an upper bound below the lower one that is there', () => createJobs({ retryAfterMaxMs: 500 }), 'invalid_option', /1000/],
    [
      'an option that there is not',
      () => createJobs({ onerror() {} } as never),
      'invalid_option',
      /^createJobs: onerror is not an option; options are store, engine, .*onError$/,
    ],
    [
      'an option of a route',
      () => createJobs({ resultTtlMs: 1_000 } as never),
      'invalid_option',
      /resultTtlMs is not an option here, but in `defaults`/,
    ],
    [
      'a store in the place of options',
      () => createJobs(memoryStore() as never),
      'invalid_option',
      /createJobs: capabilities is not an option/,
    ],
    ['no options', () => createJobs(null as never), 'invalid_option', /createJobs: options must be an object/],
    ['no store after all', () => createJobs({ store: null as never }), 'invalid_option', /store must be a JobStore, not null/],
    ['the client in the place of the store', () => createJobs({ store: new Map() as never }), 'invalid_option', /store must be a JobStore/],
    [
      'an engine that was not made',
      () => createJobs({ engine: inProcess as never }),
      'invalid_option',
      /^createJobs: engine must be a JobEngine, not function inProcess[\s\S]{1,50}$/,
    ],
    [
      'an owner that is no function',
      () => createJobs({ owner: 'me' as never }),
      'invalid_option',
      /owner must be of type function, not "me"/,
    ],
    ['a time as text', () => createJobs({ leaseMs: '5000' as never }), 'invalid_option', /leaseMs .*, not "5000"/],
    ['origins that are none', () => createJobs({ cors: true as never }), 'invalid_option', /cors must be "\*" or \["https:/],
    [
      'a default that cannot be',
      () => createJobs({ defaults: { retries: '3' as never } }),
      'invalid_option',
      /^createJobs: defaults: retries must be a whole number from 0 to 100, not "3"/,
    ],
    [
      'a default that there is not',
      () => createJobs({ defaults: { retry: 3 } as never }),
      'invalid_option',
      /defaults: retry is not an option;/,
    ],
    ['no defaults', () => createJobs({ defaults: null as never }), 'invalid_option', /defaults must be of type object, not null/],
    [
      'an option of the store',
      () => memoryStore({ max: 5 } as never),
      'invalid_option',
      /memoryStore: max is not an option; options are maxJobs,/,
    ],
    [
      'an option of the engine',
      () => inProcess({ concurency: 5 } as never),
      'invalid_option',
      /options are concurrency, maxQueued, replay/,
    ],
    [
      'an execution context in the place of options',
      () => waitUntil({ waitUntil() {} } as never),
      'invalid_option',
      /options are maxRunMs/,
    ],
    [
      'an option of a route that there is not',
      () => createService().wrap('a', { retrys: 3 } as never, async () => ok(1)),
      'invalid_option',
      /^respondAsync\("a"\): retrys is not an option; options are when, /,
    ],
    [
      'an option of all jobs at a route',
      () => createService().wrap('a', { leaseMs: 3_000 } as never, async () => ok(1)),
      'invalid_option',
      /respondAsync\("a"\): leaseMs is not an option here, but in createJobs;/,
    ],
    ['a route without a name', () => createService().wrap(undefined as never, {}, async () => ok(1)), 'invalid_option', /needs a name/],
    [
      'a wait without a time',
      () => createService().wrap('a', { when: {} as never }, async () => ok(1)),
      'invalid_option',
      /\{ afterMs: 0 to 25000 \}/,
    ],
    ['no wait', () => createService().wrap('a', { when: null as never }, async () => ok(1)), 'invalid_option', /when must be "always"/],
    [
      'meta that is text',
      () => createService().wrap('a', { meta: 'x' as never }, async () => ok(1)),
      'invalid_option',
      /meta must be of type object or/,
    ],
    [
      'one field that is no list',
      () => createService().wrap('a', { storeHeaders: 'cookie' as never }, async () => ok(1)),
      'invalid_option',
      /storeHeaders must be a list, not "cookie"/,
    ],
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
      /this engine runs a job for at most 25000 ms/,
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

test('an option that is undefined is not given, and options may be frozen', async () => {
  const options = Object.freeze({ store: undefined, leaseMs: undefined, defaults: Object.freeze({ when: undefined, retries: undefined }) })
  const { wrap, post } = createService(options)
  wrap('a', Object.freeze({ idempotency: undefined, when: { afterMs: 1_000 } }), async () => ok(1))
  expect(await post('a')).toMatchObject({ status: 200, body: '1' })
})

test('what a job without HTTP cannot be told', async () => {
  const { jobs, wrap } = createService()
  wrap('a', {}, async () => ok(1))
  const refused = async (options: object, says: RegExp) =>
    expect(jobs.submit('a', {}, options)).rejects.toMatchObject({ code: 'invalid_option', message: expect.stringMatching(says) })
  await refused({ retries: 3 }, /^submit: retries is not an option here, but in `defaults`; options are owner, idempotencyKey,/)
  await refused({ idempotencykey: 'a' }, /idempotencykey is not an option;/)
  await refused({ idempotencyKey: null }, /idempotencyKey must be of type string, not null/)
  await refused({ owner: 7 }, /owner must be of type string or null, not 7/)
  await refused({ meta: 'monthly' }, /meta must be of type object, not "monthly"/)
  await refused({ delayMs: Number.POSITIVE_INFINITY }, /delayMs must be a whole number from 0 to \d+, not Infinity/)
  expect(await jobs.submit('a', {}, { owner: null, delayMs: undefined })).toMatchObject({ owner: null })
})

test('ids are texts', async () => {
  const { jobs, wrap } = createService({ newId: () => 5 as never })
  wrap('a', {}, async () => ok(1))
  await expect(jobs.submit('a', {})).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringMatching(/newId\(\) returned 5;/),
  })
})

test('an owner is a text: a number comes back as something else from some stores, and an object is another one each time', async () => {
  for (const owner of [7, { id: 7 }]) {
    const { jobs, wrap, post, send } = createService({ owner: () => owner as never })
    wrap('a', {}, async () => ok(1))
    const refused = {
      code: 'invalid_option',
      message: expect.stringMatching(/^owner\(\) returned .*; it must return a string or nothing$/),
    }
    await expect(post('a')).rejects.toMatchObject(refused)
    await expect(send('GET', '/jobs/one')).rejects.toMatchObject(refused)
    expect(await jobs.list({})).toEqual({ jobs: [] })
  }
  const { wrap, post } = createService({ owner: () => false as never }) // `user && user.id`
  wrap('a', {}, async () => ok(1))
  expect(await post('a')).toMatchObject({ status: 202 })
})

test('an engine of this process runs the jobs of one createJobs: those of the other would wait for ever', async () => {
  const engine = inProcess()
  await createService({ engine }).jobs.start()
  await expect(createService({ engine }).jobs.start()).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringMatching(/each createJobs needs its own/),
  })
})

test.each([Number.POSITIVE_INFINITY, Number.NaN, -1, '5s', 2 ** 31])('a stop cannot wait for %s', async (drainMs) => {
  await expect(createService().jobs.stop({ drainMs: drainMs as number })).rejects.toMatchObject({
    code: 'invalid_option',
    message: expect.stringMatching(/^stop: drainMs must be a whole number from 0 to 2147483647, not/),
  })
})

test('a report never throws, whatever its message is', async () => {
  const { jobs, wrap, errors } = createService()
  let reported: unknown
  wrap('a', {}, async ({ handle }) => {
    reported = await handle.progress(50, Object.create(null))
    return ok(1)
  })
  const { id } = await jobs.submit('a', {})
  await vi.waitFor(async () => expect(await jobs.get(id)).toMatchObject({ status: 'succeeded' }))
  expect(reported).toBeUndefined()
  expect(errors).toEqual([expect.any(TypeError)])
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
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/memoryStore\(\) if this is intended/))
  })
})

test('an engine whose messages survive a restart needs a store that is named', () => {
  const engine: JobEngine = {
    capabilities: { durable: true, remote: true, maxRunMs: null, delay: true, cancel: 'none' },
    async dispatch() {},
  }
  const [code, message] = codeOf(() => createJobs({ engine }))
  expect(code).toBe('store_required')
  expect(message).toMatch(/redisStore/)
  expect(createJobs({ engine, store: memoryStore() })).toBeDefined()
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
