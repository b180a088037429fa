import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { pageAssets } from '../page.mjs'
import { prefersHtml } from '../src/negotiation'
import { createService } from './service'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

describe('the page of a job', () => {
  it('brings the script and the style that its sources make', async () => {
    expect(readFileSync(new URL('../src/page/assets.ts', import.meta.url), 'utf8')).toBe(await pageAssets())
  })

  it.each([{ page: false }, { representation: { status: () => ({}) } }])('is not there with %o', async (options) => {
    const { wrap, post, send } = createService(options)
    wrap('work', {}, async () => ({ status: 200, headers: {}, body: null }))
    const accepted = await post('work')
    const answer = await send('GET', String(accepted?.headers.Location), { accept: BROWSER })
    expect(answer?.headers['Content-Type']).toBe('application/json')
  })

  it('links its own server, whatever is before other links', async () => {
    const { wrap, post, send } = createService({ baseUrl: 'https://api.example.com' })
    wrap('work', {}, () => new Promise(() => {}))
    const accepted = await post('work')
    const path = String(accepted?.headers.Location).replace('https://api.example.com', '')
    const answer = await send('GET', path, { accept: BROWSER })
    expect(answer?.body).toContain(`data-self="${path}"`)
    expect(answer?.headers['Content-Location']).toBe(`https://api.example.com${path}`)
  })
})

it.each([
  [null, false],
  ['*/*', false],
  ['text/plain', false],
  ['text/event-stream', false],
  ['application/json, text/plain, */*', false],
  ['text/html, application/json', false],
  ['text/html;q=0.4, */*;q=0.5', false],
  ['text/html;q=0', false],
  [BROWSER, true],
  ['TEXT/HTML;charset=utf-8', true],
  ['text/html;q=0.1', true],
  ['text/*', true],
  ['text/html, application/*;q=0.9', true],
])('Accept: %s prefers HTML: %s', (accept, is) => expect(prefersHtml(accept)).toBe(is))
