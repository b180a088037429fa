import { isJobsError, JobsError, memoryStore } from '@respond-async/core'
import { readBody } from '@respond-async/core/fetch'
import { describe, expect, it, vi } from 'vitest'
import { createService } from './service'

// A process may hold core twice: as CommonJS beside the ES module, or in two versions. What one throws the other has to know.
vi.resetModules()
const another = await import('@respond-async/core')

describe('an error of another copy of core', () => {
  it('is told by its name, whichever copy asks', () => {
    const error = new another.JobsError('store_full', 'There is no room.')
    expect(error).not.toBeInstanceOf(JobsError)
    expect([isJobsError(error), isJobsError(error, 'store_full'), isJobsError(error, 'too_large')]).toEqual([true, true, false])
    expect([null, undefined, 'JobsError', new Error('JobsError')].map((other) => isJobsError(other))).toEqual([false, false, false, false])
  })

  it('of an adapter refuses a body', async () => {
    const { wrap, accept } = createService()
    wrap('work', {}, async () => ({ status: 200, headers: {}, body: null }))
    const refused = (code: 'body_too_large' | 'body_unreadable') =>
      accept('work', () => {
        throw new another.JobsError(code, 'No.')
      })
    expect((await refused('body_too_large'))?.status).toBe(413)
    expect((await refused('body_unreadable'))?.status).toBe(400)
  })

  it('of an adapter fails a job for what it is', async () => {
    const { jobs, wrap } = createService()
    wrap('work', { retries: 3 }, async () => {
      throw another.resultTooLarge(5)
    })
    const { id } = await jobs.submit('work', null)
    await expect.poll(async () => (await jobs.get(id))?.error?.code).toBe('result_too_large')
    expect((await jobs.get(id))?.attempt).toBe(1)
  })

  it('of a store is its answer', async () => {
    const store = memoryStore()
    const full = async () => {
      throw new another.JobsError('too_large', 'A job of so many bytes does not fit.')
    }
    const { wrap, post } = createService({ store: { ...store, insert: full } })
    wrap('work', {}, async () => ({ status: 200, headers: {}, body: null }))
    expect((await post('work'))?.status).toBe(413)
  })

  it('of the place for large bodies comes through a Web request', async () => {
    const request = new Request('http://localhost/work', { method: 'POST', body: 'a large one' })
    const write = async () => {
      throw new another.JobsError('body_too_large', 'No.')
    }
    await expect(readBody(request, 100, true, { after: 1, write })).rejects.toMatchObject({ code: 'body_too_large' })
  })
})
