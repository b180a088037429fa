import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { type BlobStore, createJobs, type JobsOptions, memoryStore } from '@respond-async/core'
import { type JobHandler, jobRoutes, respondAsync } from '@respond-async/express'
import type { Request, Response } from 'express'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { serve, VERSIONS } from './service'

type Handler = JobHandler<Request['params'], Request['body'], Request['body'], Request['query'], Request['body']>

/** Keeps large bodies in chunks, in no hurry. */
function chunked(): BlobStore {
  const stored = new Map<string, Uint8Array>()
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      await turn()
      stored.set(`${id} ${name} ${index}`, chunk.slice())
    },
    read: async (id, name, index) => stored.get(`${id} ${name} ${index}`) ?? null,
    remove: async () => {},
  }
}

for (const [version, express] of Object.entries(VERSIONS))
  describe(version, () => {
    const start = async (handler: Handler, options: JobsOptions<Request> & { maxResultBytes?: number; maxBodyBytes?: number } = {}) => {
      const { maxResultBytes, maxBodyBytes, ...rest } = options
      const onError = vi.fn()
      const jobs = createJobs<Request>({ onError, ...rest })
      const app = express()
      const failed = vi.fn()
      app.post('/', respondAsync(jobs, { operation: 'op', maxResultBytes, maxBodyBytes }, handler))
      app.use('/jobs', jobRoutes(jobs))
      app.use((error: unknown, _req: Request, res: Response, _next: () => void) => {
        failed(error)
        res.status(500).end('the application heard of it')
      })
      return { ...(await serve(app)), onError, failed }
    }

    // Who reads one below 200 waits for the final one.
    it.each([100, 101, 103, 199, 1_000])('%i is no answer that could be kept', async (code) => {
      const { whole, onError } = await start((_req, res) => {
        res.statusCode = code
        res.end('x')
      })
      const { status, result } = await whole('/')
      expect([status.error?.code, result.status]).toEqual(['handler_failed', 500])
      expect(onError).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_HTTP_INVALID_STATUS_CODE' }), expect.anything())
    })

    describe('what comes after the answer is ignored', () => {
      const later: Record<string, Handler> = {
        'a second answer': (_req, res) => {
          res.json('first')
          res.status(500).json('second')
        },
        'a throw': (_req, res) => {
          res.json('first')
          throw new Error('late')
        },
        'a rejection': async (_req, res) => {
          res.json('first')
          await turn()
          throw new Error('late')
        },
        'next(error)': (_req, res, next) => {
          res.json('first')
          next(new Error('late'))
        },
        'writes from a timer': (_req, res) => {
          res.json('first')
          setTimeout(() => {
            res.set('x-late', 'yes').cookie('late', 'yes').append('x-late', 'again').removeHeader('content-type')
            res.writeHead(500, { 'x-late': 'yes' }).write('late')
            res.flushHeaders()
            res.end('late')
            res.redirect('/late')
            res.sendFile('/no/such/file')
            res.destroy(new Error('late'))
          })
        },
        'a stream that goes on': (_req, res) => {
          Readable.from(['a', 'b']).pipe(res.status(200), { end: false })
          res.json('first')
        },
        'a throw of a listener': (_req, res) => {
          res.on('finish', () => {
            throw new Error('late')
          })
          res.on('close', () => {
            throw new Error('late')
          })
          res.json('first')
        },
      }
      it.each(Object.entries(later))('%s', async (_title, handler) => {
        const { whole, onError, failed } = await start(handler)
        const { status, result } = await whole('/')
        expect([status.status, result.status, await result.text()]).toEqual(['succeeded', 200, '"first"'])
        await new Promise((resolve) => setTimeout(resolve)) // after the timer above
        expect(onError).not.toHaveBeenCalled()
        expect(failed).not.toHaveBeenCalled()
      })
    })

    it('fails the job when a listener of the request throws', async () => {
      const { whole, onError } = await start((req) => {
        req.on('data', () => {
          throw new Error('in a listener')
        })
      })
      const { status } = await whole('/', { body: 'text' })
      expect(status.error?.code).toBe('handler_failed')
      expect(onError.mock.calls[0]?.[0]).toEqual(new Error('in a listener'))
    })

    it('fails the job when the handler destroys its response, or a pipeline does', async () => {
      let isDestroyed = false
      const destroyed = await start((_req, res) => {
        isDestroyed = res.destroy().destroyed // at once, as a loop that writes may ask
      })
      expect([(await destroyed.whole('/')).status.error?.code, isDestroyed]).toEqual(['handler_failed', true])
      const broken = await start(async (_req, res) => {
        const source = Readable.from(
          (async function* () {
            yield 'one'
            throw new Error('the disk is gone')
          })(),
        )
        await pipeline(source, res)
      })
      expect((await broken.whole('/')).status.error?.code).toBe('handler_failed')
      expect(broken.onError.mock.calls[0]?.[0]).toEqual(new Error('the disk is gone'))
    })

    it('ends what a handler waits for: callbacks, finish, close, stream.finished', async () => {
      const heard: string[] = []
      const { whole } = await start(async (_req, res) => {
        res.on('finish', () => heard.push('finish')).on('close', () => heard.push('close'))
        res.write('a', () => heard.push('written'))
        await pipeline(Readable.from(['b', 'c']), res)
        heard.push('piped', `${res.headersSent} ${res.writableEnded} ${res.writableFinished}`)
      })
      expect(await (await whole('/')).result.text()).toBe('abc')
      await vi.waitFor(() => expect(heard).toEqual(['written', 'finish', 'close', 'piped', 'true true true']))
    })

    it('ignores a throw after a large answer, which is still being stored', async () => {
      const { whole } = await start(
        (_req, res) => {
          res.send(Buffer.alloc(1_000_000))
          throw new Error('late')
        },
        { blobs: chunked() },
      )
      const { status, result } = await whole('/')
      expect([status.status, (await result.arrayBuffer()).byteLength]).toEqual(['succeeded', 1_000_000])
    })

    it('calls back whoever sends an interim answer, which nobody gets', async () => {
      const { whole } = await start((_req, res) => {
        const link = '</style.css>; rel=preload; as=style'
        res.writeContinue(() =>
          res.writeProcessing(() => res.writeEarlyHints({ link }, () => res.json([res.headersSent, res.get('link')]))),
        )
      })
      expect(await (await whole('/')).result.json()).toEqual([false, null])
    })

    it.each([
      ['a body', { body: 'nobody reads it' }],
      ['no body', {}],
    ])('closes the request after the answer, as Node does: %s', async (_title, init) => {
      const heard: string[] = []
      const { whole } = await start((req, res) => {
        req.on('close', () => heard.push('closed'))
        finished(req, (error) => heard.push(`finished ${error ?? ''}`))
        setTimeout(() => res.json(heard))
      })
      expect(await (await whole('/', init)).result.json()).toEqual([])
      await vi.waitFor(() => expect(heard.sort()).toEqual(['closed', 'finished ']))
    })

    it('closes the response of a handler that fails while it writes', async () => {
      const heard: unknown[] = []
      const { whole } = await start((req, res) => {
        const timer = setInterval(() => res.write('again'), 1)
        req.on('close', () => heard.push('request'))
        res.on('close', () => {
          clearInterval(timer)
          heard.push('response', res.destroyed, res.writableFinished)
          if (heard.length === 3) throw new Error('late')
        })
        res.write('once')
        throw new Error('in the middle')
      })
      expect((await whole('/')).status.error?.code).toBe('handler_failed')
      await vi.waitFor(() => expect(heard).toEqual(['response', true, false, 'request']))
    })

    it('closes the response of a handler that nobody waits for any longer', async () => {
      const heard: string[] = []
      const endless: Handler = (req, res) => {
        const timer = setInterval(() => res.write('again'), 1)
        res.on('close', () => {
          clearInterval(timer)
          heard.push('response')
        })
        req.on('close', () => heard.push('request'))
      }
      const { whole } = await start(endless, { defaults: { maxRunMs: 100 } })
      expect((await whole('/')).status.error?.code).toBe('timeout')
      await vi.waitFor(() => expect(heard).toEqual(['response', 'request']))
    })

    const chunks = { 'a number': 5, 'an object': { ok: true }, 'an array': [104, 105], 'an ArrayBuffer': new ArrayBuffer(2) }
    it.each(Object.entries(chunks))('refuses to write what is neither text nor bytes: %s', async (_title, chunk) => {
      for (const method of ['write', 'end'] as const) {
        const { whole } = await start((_req, res) => {
          try {
            res[method](chunk)
          } catch (error) {
            res.json([(error as NodeJS.ErrnoException).code, res.headersSent])
          }
        })
        expect(await (await whole('/')).result.json()).toEqual(['ERR_INVALID_ARG_TYPE', false])
      }
    })

    it('keeps what was written when the handler uses its buffer again', async () => {
      const { whole } = await start((_req, res) => {
        const buffer = Buffer.from('a')
        res.write(buffer, () => {
          buffer.write('b')
          res.end(buffer, () => buffer.write('c'))
        })
      })
      expect(await (await whole('/')).result.text()).toBe('ab')
    })

    it('stops a result that is too large while it is written', async () => {
      let read = 0
      const { whole } = await start(
        (_req, res) => {
          const endless = Readable.from(
            (function* () {
              for (; ; read++) yield Buffer.alloc(1_000)
            })(),
          )
          endless.pipe(res)
          res.on('close', () => endless.destroy())
        },
        { maxResultBytes: 10_000 },
      )
      const { status, result } = await whole('/')
      expect([status.error?.code, result.status]).toEqual(['result_too_large', 500])
      expect(read).toBeLessThan(1_000)
    })

    it('takes a result that is just as large as it may be', async () => {
      const { whole } = await start((_req, res) => void res.end('ten bytes.'), { maxResultBytes: 10 })
      expect(await (await whole('/')).result.text()).toBe('ten bytes.')
    })

    it('lets go of the file that res.sendFile() reads, and calls back, when the response breaks off', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'respond-async-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      const path = join(directory, 'large')
      await writeFile(path, Buffer.alloc(1_000_000))
      const sent = vi.fn()
      const { whole } = await start((_req, res) => res.sendFile(path, sent), { maxResultBytes: 10_000 })
      expect((await whole('/')).status.error?.code).toBe('result_too_large')
      await vi.waitFor(() => expect(sent).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ECONNABORTED' })))
    })

    it('keeps a handler away from the socket', async () => {
      const { whole } = await start((req, res) => {
        req.setTimeout(1)
        res.setTimeout(1)
        req.socket.setTimeout(1).setKeepAlive(true).setNoDelay(true).ref().unref().end()
        req.socket.destroy()
        res.socket?.destroy()
        res.cork()
        res.uncork()
        req.destroy()
        res.json({ address: req.socket.remoteAddress, ended: res.writableEnded })
      })
      expect(await (await whole('/')).result.json()).toEqual({ address: '127.0.0.1', ended: false })
    })

    it('goes on when the client leaves after the 202', async () => {
      let finish = () => {}
      const gone: string[] = []
      const { port, finished, call } = await start(async (req, res) => {
        for (const event of ['close', 'aborted']) {
          req.on(event, () => gone.push(event))
          res.on(event, () => gone.push(event))
        }
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        res.json({ gone, aborted: req.aborted, signal: req.job.signal.aborted })
      })
      const socket = connect(port, '127.0.0.1')
      socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n')
      const [answer] = await once(socket, 'data')
      const location = /location: (\S+)/i.exec(String(answer))?.[1] ?? ''
      socket.destroy()
      await once(socket, 'close')
      await turn()
      finish()
      expect((await finished(location)).status).toBe('succeeded')
      expect(await (await call(`${location}/result`)).json()).toEqual({ gone: [], aborted: false, signal: false })
    })

    it('stores nothing of an upload that breaks off', async () => {
      const store = memoryStore()
      const insert = vi.spyOn(store, 'insert')
      const ran = vi.fn()
      const { port, failed, call } = await start(ran, { store })
      const closed = new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf', () => setImmediate(() => socket.resetAndDestroy()))
        })
        socket.on('close', resolve)
      })
      await closed
      expect((await call('/jobs/none')).status).toBe(404) // by now the server has seen the end of the other connection
      expect(insert).not.toHaveBeenCalled()
      expect(ran).not.toHaveBeenCalled()
      expect(failed).not.toHaveBeenCalled()
    })

    it('keeps a body that is sent byte by byte in few pieces: each would take a hundred times as much as is in it', async () => {
      const { port, finished } = await start(async (req, res) => {
        const pieces: Uint8Array[] = []
        await once(
          req.on('data', (piece: Uint8Array) => pieces.push(piece)),
          'end',
        )
        res.json({ text: Buffer.concat(pieces).toString(), pieces: pieces.length })
      })
      const text = Array.from({ length: 20_000 }, (_, at) => `${at % 10}`).join('')
      const client = connect(port, '127.0.0.1')
      const chunks = text.replaceAll(/./g, '1\r\n$&\r\n')
      client.end(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)
      let answer = ''
      for await (const piece of client.setEncoding('latin1')) answer += piece
      const [, location = ''] = /^location: (.*)\r$/im.exec(answer) ?? []
      const { result } = (await finished(location)) as unknown as { result: { text: string; pieces: number } }
      expect(result.text).toBe(text)
      expect(result.pieces).toBeLessThan(1_100)
    })

    it('answers 413 to a client that goes on sending, and keeps the connection usable', async () => {
      const ran = vi.fn()
      const { port } = await start(ran, { maxBodyBytes: 1_000 })
      for (const announced of [true, false]) {
        const headers = announced ? { 'content-length': 2_000_000 } : { 'transfer-encoding': 'chunked' }
        const sending = httpRequest({ port, method: 'POST', path: '/', headers })
        const answered = once(sending, 'response')
        for (let sent = 0; sent < 2_000_000; sent += 100_000) sending.write(Buffer.alloc(100_000))
        sending.end()
        const [response] = await answered
        expect(response.statusCode).toBe(413)
        expect(JSON.parse(String(Buffer.concat(await response.toArray())))).toMatchObject({ code: 'body-too-large' })
      }
      expect(ran).not.toHaveBeenCalled()
    })

    it.each([
      ['that is kept whole', {}],
      ['that is kept in chunks', { blobs: chunked() }],
    ])('does not bother the application when a client leaves in the middle of an answer %s', async (_title, options) => {
      const { whole, port, failed, onError } = await start((_req, res) => void res.send(Buffer.alloc(20_000_000)), options)
      const { location } = await whole('/')
      const socket = connect(port, '127.0.0.1')
      socket.write(`GET ${location}/result HTTP/1.1\r\nHost: x\r\n\r\n`)
      await once(socket, 'data')
      socket.destroy()
      await once(socket, 'close')
      expect((await (await whole('/')).result.arrayBuffer()).byteLength).toBe(20_000_000)
      expect(failed).not.toHaveBeenCalled()
      expect(onError).not.toHaveBeenCalled()
    })
  })
