import { Window } from 'happy-dom'
import { act, createElement, StrictMode } from 'react'
import type { Root } from 'react-dom/client'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createClient } from '../src/index'
import { type JobView, useJob } from '../src/react'
import { closeServers, serve } from './server'

const window = new Window({ url: 'http://localhost' })
let createRoot: typeof import('react-dom/client').createRoot
beforeAll(async () => {
  Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true })
  createRoot = (await import('react-dom/client')).createRoot
})
let root: Root | undefined
afterEach(() => act(() => root?.unmount()))
afterEach(closeServers)
afterAll(() => {
  for (const name of ['window', 'document']) Reflect.deleteProperty(globalThis, name)
  return window.happyDOM.close()
})

interface Props {
  readonly source: Parameters<typeof useJob>[0]
  readonly options: Parameters<typeof useJob>[1]
  readonly see: (view: JobView<unknown>) => void
}

function Report({ source, options, see }: Props) {
  const view = useJob(source, options)
  see(view)
  return createElement('progress', { value: view.status?.percentComplete, title: view.state })
}

/** Renders a component that follows this, strictly: effects run twice. What it has seen. */
function follow(source: Props['source'], options?: Props['options']) {
  const seen: JobView<unknown>[] = []
  const element = window.document.createElement('div')
  // An element of happy-dom is one for React.
  root = createRoot(element as unknown as HTMLElement)
  const report = createElement(Report, { source, options, see: (view) => void seen.push(view) })
  act(() => root?.render(createElement(StrictMode, null, report)))
  return { seen, html: () => element.innerHTML }
}

const until = (what: () => unknown) => act(() => vi.waitUntil(what, { timeout: 20_000 }).then(() => {}))

test('a component renders each state of a job, by its address, and cancels it', async () => {
  let canceled = false
  const { url, asked } = await serve(({ url: path }) => {
    canceled ||= path === '/cancel'
    return canceled
      ? [200, {}, { status: 'canceled' }]
      : [202, {}, { status: 'running', percentComplete: 40, links: { cancel: '/cancel' } }]
  })
  const client = createClient({ minPollMs: 50, baseUrl: url })
  const { seen, html } = follow('/jobs/1', { client })
  expect(html()).toContain('loading')
  await until(() => seen.at(-1)?.state === 'running')
  expect(html()).toBe('<progress title="running" value="40"></progress>')
  act(() => seen.at(-1)?.cancel())
  await until(() => seen.at(-1)?.state === 'canceled')
  expect([seen.at(-1)?.isPending, asked.filter(({ url: path }) => path === '/cancel').length]).toEqual([false, 1])
})

test('nothing is asked without a job, nor after the component has gone', async () => {
  const { url, asked } = await serve(({ method }) =>
    method === 'DELETE' ? [200, {}, { status: 'canceled' }] : [202, { 'retry-after': '1' }, { status: 'running' }],
  )
  for (const none of [undefined, '']) {
    expect(follow(none).seen.at(-1)).toMatchObject({ state: 'idle', isPending: false })
    act(() => root?.unmount())
  }
  const job = createClient({ minPollMs: 50 }).resume(`${url}/jobs/1`)
  const { seen } = follow(job)
  await until(() => seen.at(-1)?.state === 'running')
  act(() => root?.unmount())
  const before = asked.length
  expect(job.error).toBeUndefined()
  // Whoever listens again is the next to ask: the one request after it is the only one.
  await job.cancel()
  expect(asked.slice(before).map(({ method }) => method)).toEqual(['DELETE'])
})

test('a page that a server renders waits for the browser to follow, by an address without an origin too', async () => {
  const { url } = await serve(() => [202, {}, { status: 'running', percentComplete: 40 }])
  const { renderToString } = await import('react-dom/server')
  const report = (options?: Props['options']) => createElement(Report, { source: '/jobs/1', options, see: () => {} })
  vi.stubGlobal('window', undefined)
  const html = renderToString(report())
  vi.unstubAllGlobals()
  expect(html).toBe('<progress title="loading"></progress>')
  const element = window.document.createElement('div')
  element.innerHTML = html
  const { hydrateRoot } = await import('react-dom/client')
  const unlike: unknown[] = []
  const client = createClient({ minPollMs: 50, baseUrl: url })
  const options = { onRecoverableError: (error: unknown) => unlike.push(error) }
  act(() => {
    root = hydrateRoot(element as unknown as HTMLElement, report({ client }), options)
  })
  await until(() => element.innerHTML.includes('running'))
  expect(unlike).toEqual([])
})

test('a misspelt option is refused: the requests would be made without the header fields of the client', async () => {
  const { renderToString } = await import('react-dom/server')
  const options = { api: createClient() } as Props['options']
  expect(() => renderToString(createElement(Report, { source: null, options, see: () => {} }))).toThrow('api is not an option')
})

test('an error of the following is shown', async () => {
  const { url } = await serve(() => [403, {}, { title: 'Not yours' }])
  const { seen } = follow(`${url}/jobs/1`)
  await until(() => seen.at(-1)?.error)
  expect(seen.at(-1)).toMatchObject({ state: 'loading', isPending: false, error: { status: 403, title: 'Not yours' } })
})
