import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { app } from '../../examples/browser/src/app'
import { CHROMIUM, closeBrowser, openPage } from './browser'

let server: Server
let url = ''
beforeAll(async () => {
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server // node:http, as nothing else was asked for
  if (!server.listening) await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await closeBrowser()
  server.closeAllConnections()
  server.close()
})

const csv = (rows: number) => ({
  name: 'flights.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`flights,delay\n${'2,15\n4,5\n'.repeat(rows / 2)}`),
})

describe.skipIf(!CHROMIUM)('the page of examples/browser', () => {
  it('uploads a file, goes on after a reload, and shows the report', async () => {
    const { page, complaints, violations, screenshot, close } = await openPage(url)
    await page.setInputFiles('#file', csv(200))
    await page.click('#upload button')
    await expect.poll(() => page.locator('#state').textContent()).toMatch(/^row \d+ of 200$/)
    await page.reload()
    await expect.poll(() => page.locator('#state').textContent()).toMatch(/^row \d+ of 200$/)
    expect(await violations()).toEqual([])
    await screenshot('upload-running')
    await page.locator('#report tbody tr').first().waitFor()
    expect(await page.locator('#report td').allTextContents()).toEqual(['flights', '3.00', '4', 'delay', '10.00', '15'])
    expect(await page.locator('#progress').isVisible()).toBe(false)
    await screenshot('upload-done')
    expect(complaints).toEqual([])
    await close()
  })

  it('cancels', async () => {
    const { page, complaints, close } = await openPage(url)
    await page.setInputFiles('#file', csv(2_000))
    await page.click('#upload button')
    await expect.poll(() => page.locator('#state').textContent()).toMatch(/^row/)
    await page.click('#cancel')
    await expect.poll(() => page.locator('#problem').textContent()).toBe('Canceled.')
    expect(complaints).toEqual([])
    await close()
  })
})
