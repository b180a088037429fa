import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqliteStore } from '@respond-async/store-sqlite'
import type { Page, Route } from 'playwright-core'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { CHROMIUM, closeBrowser, openPage } from './browser'
import { startService, steps } from './service'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const close of cleanUp.splice(0).reverse()) await close()
})
afterAll(closeBrowser)

const started = async (...how: Parameters<typeof startService>) => {
  const service = await startService(...how)
  cleanUp.push(service.close)
  return service
}
const opened = async (...how: Parameters<typeof openPage>) => {
  const page = await openPage(...how)
  cleanUp.push(page.close)
  return page
}
const until = (page: Page, id: string, text: string) =>
  vi.waitFor(async () => expect(await page.locator(`#${id}`).textContent()).toBe(text), { timeout: 15_000, interval: 50 })

describe.skipIf(!CHROMIUM)('the page of a job', () => {
  it('shows progress as it is made, and the result when it is there', async () => {
    const { work, next } = steps(['row 1 of 3', 'row 2 of 3'])
    const { submit } = await started(work)
    const { page, complaints, screenshot } = await opened(await submit())
    await until(page, 'state', 'running')
    next()
    await until(page, 'percent', '33 %')
    await until(page, 'message', 'row 1 of 3')
    expect(await page.title()).toBe('33 % running – report')
    expect(await page.locator('progress').getAttribute('value')).toMatch(/^33\.3/)
    expect(await page.locator('#announcement').textContent()).toBe('running, 25 %')
    await screenshot('status-page-running')
    next()
    next()
    await until(page, 'state', 'succeeded')
    expect(await page.title()).toBe('succeeded – report')
    expect(await page.locator('#announcement').textContent()).toBe('succeeded')
    expect(await page.locator('#stop').isVisible()).toBe(false)
    await screenshot('status-page-succeeded')
    await page.click('#result')
    expect(await page.locator('body').textContent()).toContain('4711')
    expect(complaints).toEqual([])
  })

  it('cancels, by the keyboard alone, and keeps the focus on the page', async () => {
    const { submit } = await started(steps(['never']).work)
    const { page, complaints } = await opened(await submit())
    await until(page, 'state', 'running')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('stop')
    await page.keyboard.press('Enter')
    await until(page, 'state', 'canceled')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('state')
    expect(complaints).toEqual([])
  })

  it('works without a script: refreshes itself, cancels by its form', async () => {
    const { work, next } = steps(['first'])
    const { submit } = await started(work)
    const { page } = await opened(await submit(), { javaScriptEnabled: false })
    next()
    await until(page, 'message', 'first')
    expect(await page.locator('time').first().textContent()).toMatch(/ UTC$/)
    await page.click('#stop')
    await until(page, 'state', 'canceled')
    expect(page.url()).toMatch(/\/jobs\/[0-9a-f-]{36}$/)
  })

  it('finds the server again after a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'respond-async-browser-'))
    cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
    const { work, next } = steps(['before'])
    const options = () => ({ store: sqliteStore({ path: join(folder, 'jobs.db') }), leaseMs: 1_000 })
    const first = await startService(work, options())
    const { page, screenshot } = await opened(await first.submit())
    next()
    await until(page, 'message', 'before')
    await first.close()
    await vi.waitFor(async () => expect(await page.locator('#connection').isVisible()).toBe(true), { timeout: 10_000 })
    await screenshot('status-page-lost')
    next()
    await started(work, options(), first.port)
    await until(page, 'state', 'succeeded')
    expect(await page.locator('#connection').isVisible()).toBe(false)
  })

  it.each([
    ['are cut', (route: Route) => route.abort()],
    ['are refused', (route: Route) => route.fulfill({ status: 502 })],
  ])('polls as it is advised where its events %s, and speaks of no lost connection', async (_, keepOut) => {
    const { work, next } = steps(['row 1 of 2'])
    const { submit } = await started(work, { retryAfterMinMs: 4_000 })
    const url = await submit()
    const { page } = await opened(url)
    await page.route('**/events', keepOut)
    await page.addInitScript(() => {
      const note = () => {
        const text = document.getElementById('connection')?.textContent
        if (text) document.documentElement.dataset.told = text
      }
      new MutationObserver(note).observe(document, { childList: true, subtree: true })
    })
    const polls: number[] = []
    page.on('request', (request) => request.url() === url && request.resourceType() === 'fetch' && polls.push(Date.now()))
    await page.reload()
    next()
    await vi.waitFor(() => expect(polls.length).toBeGreaterThanOrEqual(3), { timeout: 20_000, interval: 50 })
    await until(page, 'message', 'row 1 of 2')
    const [first = 0, second = 0, third = 0] = polls
    expect([second - first > 3_000, third - second > 3_000]).toEqual([true, true])
    expect(await page.evaluate(() => document.documentElement.dataset.told)).toBeUndefined()
  })

  it.each([
    ['at a date', new Date(Date.now() + 600_000).toUTCString()],
    ['in a month', '2592000'],
  ])('does not ask again and again where a proxy says to come back %s', async (_, retryAfter) => {
    const { work } = steps(['never'])
    const { submit } = await started(work)
    const { page } = await opened('about:blank')
    await page.route('**/events', (route) => route.abort())
    const polls: string[] = []
    await page.route('**/jobs/*', (route) => {
      if (route.request().resourceType() !== 'fetch') return route.continue()
      polls.push(route.request().url())
      return route.fulfill({ status: 503, headers: { 'retry-after': retryAfter } })
    })
    await page.goto(await submit())
    await vi.waitFor(async () => expect(await page.locator('#connection').isVisible()).toBe(true), { timeout: 10_000 })
    await page.waitForTimeout(1_500)
    expect(polls.length).toBeLessThan(4)
  })

  it('asks again where an answer never comes, and says so', async () => {
    const { work, next } = steps(['row 1 of 2', 'row 2 of 2'])
    const { submit } = await started(work)
    const { page } = await opened('about:blank')
    await page.addInitScript(() => {
      const { timeout } = AbortSignal
      AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms / 100)
    })
    let isAway = true
    await page.route('**/events', (route) => route.abort())
    await page.route('**/jobs/*', (route) => {
      if (route.request().resourceType() !== 'fetch' || !isAway) return route.continue()
      return undefined // nobody answers
    })
    await page.goto(await submit())
    await until(page, 'connection', 'Connection lost. Trying again…')
    isAway = false
    next()
    await until(page, 'message', 'row 1 of 2')
    expect(await page.locator('#connection').isVisible()).toBe(false)
  })

  it('of a finished job needs no network, and reports no lost connection', async () => {
    const { work, next } = steps([])
    const { submit } = await started(work)
    const { page } = await opened(await submit())
    await until(page, 'state', 'running')
    await page.context().setOffline(true)
    await until(page, 'connection', 'You are offline. Waiting for the network…')
    await page.context().setOffline(false)
    next()
    await until(page, 'state', 'succeeded')
    expect(await page.locator('#connection').isVisible()).toBe(false)
    await page.context().setOffline(true)
    await vi.waitFor(async () => expect(await page.evaluate(() => navigator.onLine)).toBe(false))
    await page.context().setOffline(false)
    await vi.waitFor(async () => expect(await page.evaluate(() => navigator.onLine)).toBe(true))
    expect(await page.locator('#connection').isVisible()).toBe(false)
  })

  it.each(['redirect', 'inline'] as const)('gives way to the result where that is configured: %s', async (onComplete) => {
    const { work, next } = steps([], (c) => c.text('the report'))
    const { submit } = await started(work, { onComplete })
    const { page, complaints } = await opened(await submit())
    await until(page, 'state', 'running')
    next()
    await vi.waitFor(async () => expect(await page.locator('body').textContent()).toBe('the report'), { timeout: 10_000 })
    expect(complaints).toEqual([])
  })

  it('shows what a hostile handler says, and runs none of it', async () => {
    const hostile = `</title></script><script>document.title='run'</script><img src=x onerror="document.title='run'">'"`
    const { work, next } = steps([hostile], (c) => c.json({}, 201, { location: "javascript:document.title='run'" }))
    const { submit } = await started(work)
    const { page, complaints } = await opened(await submit())
    next()
    await until(page, 'message', hostile)
    await page.reload()
    await until(page, 'message', hostile)
    next()
    await until(page, 'state', 'succeeded')
    expect(await page.locator('#result').getAttribute('href')).toMatch(/^\/jobs\/.*\/result$/)
    expect(await page.locator('img').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = "document.title = 'run'"
      document.body.append(script)
    })
    expect(await page.title()).toBe('succeeded – report')
    expect(complaints.join()).toContain('Content Security Policy')
  })

  it('is shown on a phone, dark and light, without an accessibility issue', async () => {
    const { work, next } = steps(['Reading the 12th of 40 files, which has a name-that-is-long-and-has-no-space-in-it-anywhere.parquet'])
    const { submit } = await started(work)
    const url = await submit()
    next()
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, screenshot, violations } = await opened(url, {
        colorScheme,
        viewport: { width: 360, height: 740 },
        reducedMotion: 'reduce',
      })
      await until(page, 'percent', '50 %')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
      await screenshot(`status-page-phone-${colorScheme}`)
      expect(await violations()).toEqual([])
    }
    next()
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, violations } = await opened(url, { colorScheme })
      await until(page, 'state', 'succeeded')
      expect(await violations()).toEqual([])
    }
  })
})
