import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createConnection } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createClient } from '@respond-async/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { script, start } from '../../../tests/live/service'
import { type Answer, quickClock, type Script, serve } from './server'

/** A way to the server that can be cut: every connection at once. */
async function cable(target: string) {
  const { port } = new URL(target)
  const server = createServer()
  const open = new Set<{ destroy(): void }>()
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    const there = createConnection(Number(port), '127.0.0.1')
    for (const one of [socket, there]) {
      open.add(one)
      one.on('error', () => {})
      one.on('close', () => open.delete(one))
    }
    socket.pipe(there).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    cut()
    server.close()
  })
  const cut = () => {
    for (const one of open) one.destroy()
  }
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, cut }
}

async function service(options: Parameters<typeof start>[3] = {}) {
  const scripted = script()
  const made = await start('Hono', scripted.writing, {}, options)
  onTestFinished(made.close)
  return { ...scripted, ...made, cable: await cable(made.url) }
}

it('a stream goes on where it was when its connection is lost, byte for byte', async () => {
  const { write, end, cable } = await service()
  const client = createClient()
  const job = await client.submit(`${cable.url}/work`)
  write('häß')
  const response = await job.stream()
  expect([response.status, response.headers.get('x-by'), response.headers.get('content-length')]).toEqual([200, 'handler', null])
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const pieces: Uint8Array[] = []
  const whole = (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value)
  })()
  const text = () => Buffer.concat(pieces).toString()
  for (const [part, all] of [
    ['li', 'häßli'],
    ['ch', 'häßlich'],
    ['es', 'häßliches'],
  ] as const) {
    await vi.waitFor(() => expect(text()).toBe(all.slice(0, -2)))
    cable.cut()
    write(part)
    await vi.waitFor(() => expect(text()).toBe(all))
  }
  cable.cut()
  end()
  await whole
  expect(text()).toBe('häßliches')
  expect(await (await job.result()).text()).toBe('häßliches')
})

it('a stream that begins anew with another attempt says so, and what is offered then is whole', async () => {
  const { write, end, fail, cable } = await service({ retries: 1, backoffMs: 1 })
  const job = await createClient().submit(`${cable.url}/work`)
  write('first')
  const broken = (await job.stream()).text()
  fail()
  await expect(broken).rejects.toMatchObject({ code: 'stream_restarted' })
  write('second')
  const again = await job.stream()
  end()
  expect(await again.text()).toBe('second')
})

it('a stream that breaks off because its job was canceled says that this can be the reason', async () => {
  const { write, cable } = await service()
  const job = await createClient().submit(`${cable.url}/work`)
  write('first')
  const broken = (await job.stream()).text()
  await job.cancel()
  await expect(broken).rejects.toMatchObject({ code: 'stream_restarted', message: expect.stringContaining('was canceled') })
  expect((await job.finished()).status).toBe('canceled')
})

it('a result that was there at once is the stream, and a job that failed before it answered has none', async () => {
  const { write, end, fail, url } = await service()
  const client = createClient()
  const quick = await client.submit(`${url}/work`)
  write('at once')
  end()
  expect(await (await quick.stream()).text()).toBe('at once')
  const failing = await client.submit(`${url}/work`)
  fail()
  await expect(failing.stream()).rejects.toMatchObject({ name: 'JobFailedError', code: 'handler_failed' })
})

it('leaving a stream closes its connection, and the job goes on', async () => {
  const { write, end, url } = await service()
  const left = new AbortController()
  const job = await createClient().submit(`${url}/work`, {}, { signal: left.signal })
  write('begun')
  const reader = (await job.stream()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  expect(new TextDecoder().decode((await reader.read()).value)).toBe('begun')
  const next = reader.read()
  left.abort(new Error('gone'))
  await expect(next).rejects.toThrow('gone')
  end()
  expect(
    await (
      await createClient()
        .resume(job.url ?? '')
        .result()
    ).text(),
  ).toBe('begun')
})

/** A server whose job is being written at `/stream`; what is answered there is given. */
async function scripted(stream: Script) {
  const running = { id: '1', status: 'running', links: { self: '/jobs/1', stream: '/stream' } }
  const server = await serve((asked, at, res) => {
    if (asked.url === '/stream') return stream(asked, at, res)
    return asked.method === 'POST' ? [202, { location: '/jobs/1' }, running] : [202, {}, running]
  })
  onTestFinished(server.close)
  return server
}

it('a stream that is cut again and again is asked for less and less often', async () => {
  const server = await scripted((_, at, res) => {
    if (at > 5) return [206, {}, ' and ended']
    res.writeHead(at === 1 ? 200 : 206).write(at === 1 ? 'begun' : '', () => res.destroy())
    res.flushHeaders()
    return undefined
  })
  const { pauses, options } = quickClock()
  const job = await createClient(options).submit(`${server.url}/work`)
  expect(await (await job.stream()).text()).toBe('begun and ended')
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000])
})

it('a compressed stream is not resumed, because its bytes are not those that were read', async () => {
  const bytes = gzipSync(randomBytes(50_000).toString('hex'))
  const head = { 'content-encoding': 'gzip', etag: '"1"' }
  const server = await scripted((_, at, res) => {
    if (at > 1) return [206, head]
    res.writeHead(200, head).write(bytes.subarray(0, 30_000))
    setTimeout(() => res.destroy(), 100)
    return undefined
  })
  const job = await createClient().submit(`${server.url}/work`)
  await expect((await job.stream()).text()).rejects.toMatchObject({ code: 'stream_restarted' })
})

describe('a stream that was cut is asked for from where it was', () => {
  const cutAt =
    (text: string, head: Record<string, string>, ...answers: Answer[]): Script =>
    (_, at, res) => {
      if (at > 1) return answers[at - 2] ?? [500, {}, { code: 'asked_too_often' }]
      res.writeHead(200, head).write(text, () => res.destroy())
      return undefined
    }
  const etag = '"1"'
  async function readOf(stream: Script) {
    const server = await scripted(stream)
    const { pauses, options } = quickClock()
    const job = await createClient(options).submit(`${server.url}/work`)
    const text = await (await job.stream()).text().catch((error) => error.code)
    return { text, pauses, asked: server.of('GET /stream').map(({ headers }) => [headers.range, headers['if-range']]) }
  }

  it('and from nowhere else', async () => {
    const { text, asked } = await readOf(cutAt('begun', { etag }, [206, { etag }, ' and ended']))
    expect([text, asked]).toEqual([
      'begun and ended',
      [
        [undefined, undefined],
        ['bytes=5-', etag],
      ],
    ])
  })

  it.each<[string, Answer, Record<string, string>?]>([
    ['is whole again', [200, { etag }, 'begun and ended']],
    ['is another one', [206, { etag: '"2"' }, ' and ended']],
    ['is shorter now', [416, { etag, 'content-range': 'bytes */3' }]],
    ['is gone', [410, { 'content-range': 'bytes */5' }]],
    ['is whole again, and has no ETag', [200, {}, 'begun and ended'], {}],
  ])('but not put together from two where it %s', async (_, answer, head = { etag }) => {
    expect((await readOf(cutAt('begun', head, answer))).text).toBe('stream_restarted')
  })

  it('and is complete where it was cut after its last byte', async () => {
    expect((await readOf(cutAt('begun', { etag }, [416, { 'content-range': 'bytes */5' }]))).text).toBe('begun')
  })

  it('by a server that is busy as late as that says', async () => {
    const busy: Answer[] = [[429, { 'retry-after': '7' }], [503], [206, { etag }, ' and ended']]
    const { text, pauses } = await readOf(cutAt('begun', { etag }, ...busy))
    expect([text, pauses]).toEqual(['begun and ended', [7_000, 1_000]])
  })

  it('by a server that fails in earnest no more', async () => {
    const { text, asked } = await readOf(cutAt('begun', { etag }, [500, {}, { code: 'broken' }]))
    expect([text, asked.length]).toEqual(['stream_restarted', 2])
  })
})

it('a stream has the head of its response, without an encoding that is undone', async () => {
  const server = await scripted((_, __, res) => {
    res.writeHead(201, { 'x-by': 'handler', 'content-encoding': 'gzip' }).end(gzipSync('rows'))
    return undefined
  })
  const response = await (await createClient().submit(`${server.url}/work`)).stream()
  const { status, url, headers } = response
  expect([status, url, headers.get('x-by'), headers.get('content-encoding')]).toEqual([201, `${server.url}/stream`, 'handler', null])
  expect(await response.text()).toBe('rows')
  const empty = await scripted(() => [204])
  expect((await (await createClient().submit(`${empty.url}/work`)).stream()).status).toBe(204)
})

it('a stream at an address that redirects in circles is an error', async () => {
  const server = await scripted(() => [302, { location: '/stream' }])
  const job = await createClient(quickClock().options).submit(`${server.url}/work`)
  await expect(job.stream()).rejects.toMatchObject({ code: 'too_many_redirects' })
})

it.each(['while it waits', 'between two reads', 'by its signal'])(
  'a reader that leaves a stream %s closes its connection',
  async (when) => {
    let isClosed = false
    const server = await scripted((_, __, res) => {
      res.on('close', () => {
        isClosed = true
      })
      res.writeHead(200).write('begun')
      return undefined
    })
    const left = new AbortController()
    const signal = when === 'by its signal' ? left.signal : undefined
    const job = await createClient().submit(`${server.url}/work`, {}, { signal })
    const reader = (await job.stream()).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
    await reader.read()
    if (when !== 'between two reads') reader.read().catch(() => {})
    if (signal) left.abort()
    else await reader.cancel()
    await vi.waitUntil(() => isClosed, { timeout: 20_000 })
  },
)
