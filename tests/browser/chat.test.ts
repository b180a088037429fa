import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerTo } from '../../examples/ai-chat/src/model'
import { startPostgres } from '../../examples/ai-chat/src/postgres'
import { end, start } from '../../examples/ai-chat/src/processes'
import { CHROMIUM, closeBrowser, openPage } from './browser'

const QUESTION = 'Who waits at the door?'
const WHOLE = [...answerTo(QUESTION, 120)].join('')
type Process = Awaited<ReturnType<typeof start>>

describe.skipIf(!CHROMIUM)('the page of examples/ai-chat', () => {
  let env: Record<string, string>
  let worker: Process
  let web: Process
  beforeAll(async () => {
    env = { DATABASE_URL: await startPostgres(), PORT: '0' }
    worker = await start('worker.ts', env)
    web = await start('web.ts', env)
  })
  afterAll(async () => {
    await closeBrowser()
    await end(web.child, worker.child)
  })

  it('shows an answer as it is written, through a reload and the death of the web process, every word once', async () => {
    const { page, complaints, violations, screenshot, close } = await openPage(`http://127.0.0.1:${web.port}`)
    const answer = page.locator('#answer')
    const shown = async () => (await answer.textContent()) ?? ''
    const growsTo = (words: number) =>
      expect.poll(async () => (await shown()).split(' ').length, { timeout: 10_000 }).toBeGreaterThan(words)
    await page.getByLabel('Question').fill(QUESTION)
    await page.getByRole('button', { name: 'Ask' }).click()
    await growsTo(10)
    await page.reload()
    await growsTo(20)
    web.child.kill('SIGKILL')
    await expect.poll(() => page.locator('#state').textContent()).toBe('reconnecting')
    const before = await shown()
    expect(WHOLE.startsWith(before)).toBe(true)
    expect(before.length).toBeLessThan(WHOLE.length)
    expect(await violations()).toEqual([])
    await screenshot('chat-connecting-again')
    web = await start('web.ts', { ...env, PORT: `${web.port}` })
    await expect.poll(() => page.locator('#state').textContent(), { timeout: 20_000 }).toBe('done')
    expect(await shown()).toBe(WHOLE)
    expect(await violations()).toEqual([])
    await screenshot('chat-done')
    // While it was away the page heard of nobody there.
    expect(complaints.filter((complaint) => !/net::ERR_(?:CONNECTION|INCOMPLETE|EMPTY)/.test(complaint))).toEqual([])
    await close()
  })
})
