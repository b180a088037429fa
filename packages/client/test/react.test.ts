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
  const see = (view: JobView<unknown>) => void seen.push(view)
  const show = (source: Props['source'], options?: Props['options']) =>
    act(() => root?.render(createElement(StrictMode, null, createElement(Report, { source, options, see }))))
  show(source, options)
  return { seen, show, html: () => element.innerHTML }
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
  const none = createElement(Report, { source: null, options: null as never, see: () => {} })
  expect(() => renderToString(none)).toThrow('options must be an object')
})

test('a component follows another job, and by another client, as soon as it is given one', async () => {
  const { url, asked } = await serve(({ url: path }) => [202, {}, { id: path, status: 'queued' }])
  const clientOf = (name: string) => createClient({ minPollMs: 50, baseUrl: url, headers: { 'x-client': name } })
  const { seen, show } = follow(null)
  for (const [source, name] of [
    ['/jobs/1', 'a'],
    ['/jobs/2', 'a'],
    ['/jobs/2', 'b'],
  ] as const) {
    const before = asked.length
    show(source, { client: clientOf(name) })
    await until(() => asked.slice(before).some(({ url: path, headers }) => path === source && headers['x-client'] === name))
    await until(() => seen.at(-1)?.status?.id === source)
  }
  expect(seen.at(-1)).toMatchObject({ state: 'queued', isPending: true })
})

test('an address that is made anew with each render is one job, another one another, and none is asked for once it is left', async () => {
  const open: string[] = []
  const { url, asked } = await serve(({ url: path }, _, res) => {
    open.push(path)
    res.on('close', () => open.splice(open.indexOf(path), 1))
    return undefined
  })
  const options = { client: createClient({ baseUrl: url }) }
  const { show } = follow(new URL(`${url}/jobs/1`), options)
  await until(() => open.join() === '/jobs/1')
  const before = asked.length
  for (let renders = 0; renders < 3; renders++) show(new URL(`${url}/jobs/1`), options)
  show('/jobs/2', options)
  await until(() => open.join() === '/jobs/2')
  expect(asked.slice(before).filter(({ url: path }) => path === '/jobs/1')).toEqual([])
  act(() => root?.unmount())
  await vi.waitUntil(() => open.length === 0, { timeout: 10_000 })
})

test('a cancel that is refused is no error that nobody catches', async () => {
  const { url } = await serve(({ method }) => (method === 'GET' ? [202, {}, { status: 'running' }] : [403]))
  let refusals = 0
  const client = createClient({
    baseUrl: url,
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      if (response.status === 403) refusals++
      return response
    },
  })
  const uncaught = vi.fn()
  process.on('unhandledRejection', uncaught)
  const { seen } = follow('/jobs/1', { client })
  await until(() => seen.at(-1)?.state === 'running')
  act(() => seen.at(-1)?.cancel())
  await until(() => refusals > 0)
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
  process.off('unhandledRejection', uncaught)
  expect([uncaught.mock.calls, seen.at(-1)?.error]).toEqual([[], undefined])
})

test('an address that a page cannot follow is an error', async () => {
  const { renderToString } = await import('react-dom/server')
  expect(() => renderToString(createElement(Report, { source: 'mailto:a@b', options: {}, see: () => {} }))).toThrow('is no http(s) URL')
})

test('an error of the following is shown', async () => {
  const { url } = await serve(() => [403, {}, { title: 'Not yours' }])
  const { seen } = follow(`${url}/jobs/1`)
  await until(() => seen.at(-1)?.error)
  expect(seen.at(-1)).toMatchObject({ state: 'loading', isPending: false, error: { status: 403, title: 'Not yours' } })
})

/** A server that holds polls until a test answers them; those that are open. */
async function holdingServer() {
  const open: { path: string; answer: (percentComplete: number) => void }[] = []
  const { url } = await serve(({ url: path }, _, res) => {
    const answer = (percentComplete: number) => {
      leave()
      res.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'running', percentComplete }))
    }
    const one = { path, answer }
    const leave = () => void (open.includes(one) && open.splice(open.indexOf(one), 1))
    open.push(one)
    res.on('close', leave)
    return undefined
  })
  return { open, client: createClient({ baseUrl: url, minPollMs: 50 }) }
}

test('components with the same job share one connection, which the last of them ends', async () => {
  const { open, client } = await holdingServer()
  const job = client.resume('/jobs/1')
  const seen: Record<string, JobView<unknown>[]> = { a: [], b: [] }
  const report = (key: string) => createElement(Report, { key, source: job, options: undefined, see: (view) => seen[key]?.push(view) })
  const show = (...keys: string[]) => act(() => root?.render(createElement(StrictMode, null, keys.map(report))))
  root = createRoot(window.document.createElement('div') as unknown as HTMLElement)
  show('a', 'b')
  await until(() => open.length === 1)
  open[0]?.answer(10)
  await until(() => [seen.a, seen.b].every((views) => views?.at(-1)?.status?.percentComplete === 10))
  await until(() => open.length === 1)
  show('b')
  expect(open).toHaveLength(1)
  open[0]?.answer(20)
  await until(() => seen.b?.at(-1)?.status?.percentComplete === 20)
  expect(seen.a?.at(-1)?.status?.percentComplete).toBe(10)
  await until(() => open.length === 1)
  show()
  await vi.waitUntil(() => open.length === 0, { timeout: 10_000 })
  expect(job.error).toBeUndefined()
})

test('a component that is given no job any more leaves it, and one that is given it again follows it anew', async () => {
  const { open, client } = await holdingServer()
  const { seen, show } = follow('/jobs/1', { client })
  await until(() => open.length === 1)
  open[0]?.answer(10)
  await until(() => seen.at(-1)?.state === 'running')
  show(null, { client })
  expect(seen.at(-1)).toMatchObject({ job: undefined, state: 'idle', status: undefined, isPending: false })
  await vi.waitUntil(() => open.length === 0, { timeout: 10_000 })
  seen.at(-1)?.cancel()
  show('/jobs/1', { client })
  expect(seen.at(-1)).toMatchObject({ state: 'loading', isPending: true })
  await until(() => open.length === 1)
  open[0]?.answer(20)
  await until(() => seen.at(-1)?.status?.percentComplete === 20)
})

test('an answer that comes when the component has gone on to another job is not shown', async () => {
  const { open, client } = await holdingServer()
  const { seen, show } = follow('/jobs/1', { client })
  await until(() => open.length === 1)
  const late = open[0]
  show('/jobs/2', { client })
  late?.answer(99)
  await until(() => open.some(({ path }) => path === '/jobs/2'))
  open.find(({ path }) => path === '/jobs/2')?.answer(20)
  await until(() => seen.at(-1)?.status?.percentComplete === 20)
  expect(seen.map(({ status }) => status?.percentComplete)).not.toContain(99)
})

test('what has failed, or cannot be followed, is not pending, and another job is', async () => {
  const { url } = await serve(({ url: path }) =>
    path === '/jobs/1' ? [403] : [200, {}, { status: path === '/jobs/2' ? 'failed' : 'queued' }],
  )
  const client = createClient({ minPollMs: 50, baseUrl: url })
  const { seen, show } = follow('/jobs/1', { client })
  await until(() => seen.at(-1)?.error)
  show('/jobs/2', { client })
  expect(seen.at(-1)).toMatchObject({ state: 'loading', error: undefined, isPending: true })
  await until(() => seen.at(-1)?.state === 'failed')
  expect(seen.at(-1)).toMatchObject({ error: undefined, isPending: false })
  show('/jobs/3', { client })
  await until(() => seen.at(-1)?.state === 'queued')
  expect(seen.at(-1)).toMatchObject({ isPending: true })
})

test('a job that is over is shown at once, and nothing is asked', async () => {
  const { url, asked } = await serve(() => [200, {}, { status: 'succeeded', result: 3 }])
  const job = createClient({ minPollMs: 50 }).resume(url)
  await job.finished()
  const { seen } = follow(job)
  expect(seen[0]).toMatchObject({ job, state: 'succeeded', isPending: false, status: { result: 3 } })
  const { renderToString } = await import('react-dom/server')
  const html = renderToString(createElement(Report, { source: job, options: undefined, see: () => {} }))
  expect(html).toBe('<progress title="succeeded"></progress>')
  await createClient().resume(url).finished() // whose request comes after any other
  expect(asked).toHaveLength(2)
})

test('the same view, and the same cancel, are returned until something changes', async () => {
  const { open, client } = await holdingServer()
  const options = { client }
  const { seen, show } = follow('/jobs/1', options)
  show('/jobs/1', options)
  show('/jobs/1', { client })
  expect(new Set(seen.slice(-4)).size).toBe(1)
  await until(() => open.length === 1)
  open[0]?.answer(10)
  await until(() => seen.at(-1)?.state === 'running')
  expect(seen.at(-1)).not.toBe(seen[0])
  expect(seen.at(-1)?.cancel).toBe(seen.at(-2)?.cancel)
})
