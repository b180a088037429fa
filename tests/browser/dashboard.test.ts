import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createJobs, type Execution, type Job, type Jobs } from '@respond-async/core'
import type { Access, OperatedJobs } from '@respond-async/dashboard'
import { dashboard } from '@respond-async/dashboard/express'
import { sqliteStore } from '@respond-async/store-sqlite'
import express from 'express'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { CHROMIUM, closeBrowser, type OpenPage, openPage } from './browser'

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>alert(1)</script>'";javascript:alert(2)`
/** A word as handlers report them, with nothing in it where a line could end. */
const ADDRESS = `s3://reports/${'2026'.repeat(40)}.parquet`
const folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
afterAll(async () => {
  await closeBrowser()
  rmSync(folder, { recursive: true, force: true })
})

/** Jobs in a file, with work that goes on until `finish` is called, work that fails, and work that is done at once. */
function makeJobs(file: string) {
  const gates = new Map<string, () => void>()
  const store = sqliteStore({ path: join(folder, file), maxEvents: 100 })
  const jobs = createJobs({ store, onError: () => {}, sweepMs: 200 })
  const json = (body: string) => ({ status: 200, headers: { 'content-type': 'application/json' }, body })
  jobs.define('report', {}, async ({ handle }: Execution) => {
    await handle.progress(40, HOSTILE)
    await new Promise<void>((resolve, reject) => {
      gates.set(handle.id, resolve)
      handle.signal.addEventListener('abort', () => reject(handle.signal.reason))
    })
    return json('{"rows":3}')
  })
  jobs.define('import', {}, async ({ handle }: Execution) => {
    await handle.progress(10, ADDRESS)
    throw Object.assign(new Error(HOSTILE), { expose: true, status: 422 })
  })
  jobs.define('secret', { keepRequests: 'never' }, async () => {
    throw new Error('no')
  })
  jobs.define('דוח', {}, async ({ handle }: Execution) => {
    await handle.progress(30, 'קורא 12 מתוך 40, עוד מעט!')
    throw Object.assign(new Error('אין נייר.'), { expose: true, status: 422 })
  })
  jobs.define(HOSTILE.slice(0, 60), {}, async () => json(JSON.stringify(HOSTILE)))
  const stop = async () => {
    await jobs.stop({ drainMs: 0 })
    await store.close?.()
  }
  return { jobs, stop, finish: (id: string) => gates.get(id)?.() }
}

const pass: express.RequestHandler = (_req, _res, next) => next()

async function serve(
  jobs: OperatedJobs,
  access: () => Access = () => true,
  port = 0,
  options: { windowJobs?: number } = {},
  before = pass,
) {
  const app = express().use('/admin/jobs', before, dashboard(jobs, { access, refreshMs: 500, ...options }))
  const server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  closing.push(stop)
  const { port: taken } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${taken}/admin/jobs`, port: taken, stop }
}

async function open(...args: Parameters<typeof openPage>): Promise<OpenPage> {
  const opened = await openPage(...args)
  closing.push(opened.close)
  return opened
}

/** A job that is in that state, or will be in a moment. */
async function jobIn(jobs: Jobs, status: Job['status'], operation: string, owner: string | null = null): Promise<Job> {
  const { id } = await jobs.submit(operation, {}, { owner })
  await expect.poll(async () => (await jobs.get(id))?.status, { timeout: 10_000 }).toBe(status)
  return (await jobs.get(id)) as Job // it was there
}

describe.skipIf(!CHROMIUM)('the dashboard in Chromium', () => {
  it('shows what happens while it happens, finds jobs, and does what it is told', async () => {
    const { jobs, stop, finish } = makeJobs('live.db')
    closing.push(stop)
    const running = await jobIn(jobs, 'running', 'report', 'ada')
    const failed = await jobIn(jobs, 'failed', 'import', 'bob')
    await jobIn(jobs, 'succeeded', HOSTILE.slice(0, 60))
    const { url } = await serve(jobs)
    const { page, complaints, violations, screenshot } = await open(url)
    const count = (state: string) => page.locator(`.counts .${state} .number`)
    const rows = page.locator('table.jobs tbody tr')
    await rows.nth(2).waitFor()
    expect(new URL(page.url()).pathname).toBe('/admin/jobs/')
    await page.locator('.medium progress').first().waitFor()
    await screenshot('dashboard-list')
    expect(await violations()).toEqual([])

    // Counts move, and rows with them.
    const second = await jobs.submit('report', {}, { owner: 'ada' })
    await expect.poll(() => count('running').textContent(), { timeout: 10_000 }).toBe('2')
    finish(running.id)
    await expect.poll(() => count('succeeded').textContent(), { timeout: 10_000 }).toBe('2')

    // Filters are in the URL, and the way back works.
    await page.locator('.count.failed').click()
    await expect.poll(() => rows.count()).toBe(1)
    expect(new URL(page.url()).search).toBe('?status=failed')
    await page.goBack()
    await expect.poll(() => rows.count()).toBe(4)
    await page.getByRole('combobox', { name: 'Operation' }).selectOption('report')
    await expect.poll(() => rows.count()).toBe(2)
    await page.getByRole('searchbox', { name: 'Owner' }).fill('bob')
    await page.getByRole('searchbox', { name: 'Owner' }).press('Enter')
    await expect.poll(() => new URL(page.url()).search).toBe('?operation=report&owner=bob')
    await page.getByRole('link', { name: 'Clear filters' }).click()
    await expect.poll(() => rows.count()).toBe(4)

    // A job reaches its end before the eyes of its reader.
    await page.goto(`${url}/?job=${second.id}`)
    await page.locator('.large .state.running').waitFor()
    await page.locator('.large progress').waitFor()
    await screenshot('dashboard-running')
    expect(await violations()).toEqual([])
    finish(second.id)
    await page.locator('.large .state.succeeded').waitFor()
    await expect.poll(() => page.locator('.events').textContent()).toContain('succeeded')

    // Cancel, by keyboard: the way out has the focus.
    const third = await jobIn(jobs, 'running', 'report')
    await page.goto(`${url}/?job=${third.id}`)
    const cancel = page.getByRole('button', { name: 'Cancel', exact: true })
    await cancel.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Keep the job')
    expect(await violations()).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'detached' })
    expect((await jobs.get(third.id))?.cancelRequestedAt).toBeUndefined()
    await cancel.focus()
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.large .state.canceled').waitFor()
    expect(await page.locator('.outcome').textContent()).toMatch(/asked to stop|is canceled/)

    // Retry makes a new job, and leads to it.
    await page.goto(`${url}/?job=${failed.id}`)
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByRole('button', { name: 'Run it again' }).click()
    await page.getByRole('link', { name: 'Open it' }).click()
    await page.getByText('Retry of').waitFor()
    const again = new URL(page.url()).searchParams.get('job') ?? ''
    expect(await jobs.get(again)).toMatchObject({ operation: 'import', owner: 'bob', retryOf: failed.id })

    // It is offered where it can be done.
    const forgotten = await jobIn(jobs, 'failed', 'secret')
    await page.goto(`${url}/?job=${forgotten.id}`)
    await page.getByRole('button', { name: 'Purge' }).waitFor()
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0)
    await jobs.purge(forgotten.id)

    // Purge.
    await page.goto(`${url}/?job=${again}`)
    await page.getByRole('button', { name: 'Purge' }).click()
    await page.getByRole('button', { name: 'Purge the job' }).click()
    await page.getByText('The job was purged.').waitFor()
    expect((await jobs.get(again))?.goneAt).toBeGreaterThan(0)
    await expect.poll(() => rows.count()).toBe(5)
    expect(await page.title()).not.toBe('owned')
    expect(complaints).toEqual([])
  }, 60_000)

  it('comes back by itself when its server does, and rests while nobody looks', async () => {
    const first = makeJobs('restart.db')
    await jobIn(first.jobs, 'failed', 'import')
    const { url, port, stop } = await serve(first.jobs)
    const { page, complaints, screenshot } = await open(url)
    await page.locator('.pulse.live').waitFor()
    await stop()
    await first.stop()
    await page.locator('.pulse.away').waitFor()
    await screenshot('dashboard-away')
    const next = makeJobs('restart.db')
    closing.push(next.stop)
    await serve(next.jobs, () => true, port)
    await jobIn(next.jobs, 'failed', 'import')
    await page.locator('.pulse.live').waitFor()
    await expect.poll(() => page.locator('table.jobs tbody tr').count(), { timeout: 10_000 }).toBe(2)
    // That it could not reach its server is what a browser says of every such request.
    expect(
      complaints.filter(
        (text) =>
          !text.includes('ERR_CONNECTION_REFUSED') && !text.includes('ERR_CONNECTION_RESET') && !text.includes('ERR_EMPTY_RESPONSE'),
      ),
    ).toEqual([])
  }, 60_000)

  it('tries again by itself after a 429 from a proxy', async () => {
    const { jobs, stop } = makeJobs('limited.db')
    closing.push(stop)
    await jobIn(jobs, 'failed', 'import')
    let isLimited = false
    const limit: express.RequestHandler = (_, res, next) => (isLimited ? void res.status(429).send('Too many requests') : next())
    const { url } = await serve(jobs, () => true, 0, {}, limit)
    const { page } = await open(url)
    await page.locator('.pulse.live').waitFor()
    isLimited = true
    await page.locator('.pulse.away').waitFor()
    isLimited = false
    await page.locator('.pulse.live').waitFor()
  }, 60_000)

  it('loses no job between the newest and the older ones while jobs come', async () => {
    const { jobs, stop } = makeJobs('older.db')
    closing.push(stop)
    const submit = (count: number) => Promise.all(Array.from({ length: count }, () => jobs.submit('import', {})))
    await submit(150)
    const { url } = await serve(jobs, () => true, 0, { windowJobs: 100 })
    const { page, complaints } = await open(url)
    const rows = page.locator('table.jobs tbody tr')
    await page.getByRole('button', { name: 'Show more' }).click()
    const search = page.getByRole('button', { name: 'Search older jobs' })
    await search.waitFor()
    const [newest] = await submit(60)
    await page.locator(`a[href*="${newest?.id}"]`).waitFor()
    for (;;) {
      await search.click()
      await expect.poll(() => page.locator('.more').textContent()).not.toContain('Searching')
      if ((await search.count()) === 0) break
    }
    const [last] = await submit(20)
    await page.locator(`a[href*="${last?.id}"]`).waitFor()
    const links = await rows.locator('th a').evaluateAll((all) => all.map((one) => one.getAttribute('href')))
    expect([links.length, new Set(links).size]).toEqual([230, 230])
    expect(complaints).toEqual([])
  }, 60_000)

  it('shows right-to-left text of a handler from right to left', async () => {
    const { jobs, stop } = makeJobs('right-to-left.db')
    closing.push(stop)
    const { id } = await jobIn(jobs, 'failed', 'דוח')
    const { url } = await serve(jobs)
    const { page } = await open(url)
    const direction = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).direction)
    expect(await direction('table.jobs .message')).toBe('rtl')
    await page.goto(`${url}/?job=${id}`)
    for (const selector of ['.large h2', '.large p', '.error p', '.events .quiet[dir]']) expect(await direction(selector)).toBe('rtl')
    expect(await direction('.facts')).toBe('ltr')
  }, 60_000)

  it.each(['light', 'dark'] as const)(
    'is readable on a phone, %s, and lets who may only look do no more',
    async (colorScheme) => {
      const { jobs, stop } = makeJobs(`${colorScheme}.db`)
      closing.push(stop)
      const failed = await jobIn(jobs, 'failed', 'import', 'ada')
      await jobIn(jobs, 'running', 'report', 'ada')
      await jobIn(jobs, 'succeeded', HOSTILE.slice(0, 60), 'ada') // the longest of the states
      const { url } = await serve(jobs, () => ({ owner: 'ada', readOnly: true }))
      const { page, complaints, violations, screenshot } = await open(url, { colorScheme, viewport: { width: 320, height: 640 } })
      for (const [name, path] of [
        ['list', '/'],
        ['job', `/?job=${failed.id}`],
      ] as const) {
        await page.goto(`${url}${path}`)
        await page.locator('.state.failed').first().waitFor()
        await page.locator('.pulse.live').waitFor()
        await screenshot(`dashboard-${name}-${colorScheme}-320`)
        expect(await violations()).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
        expect(await page.getByRole('button', { name: /Cancel|Retry|Purge/ }).count()).toBe(0)
        expect(await page.getByRole('searchbox', { name: 'Owner' }).count()).toBe(0)
      }
      expect(complaints).toEqual([])
    },
    60_000,
  )
})
