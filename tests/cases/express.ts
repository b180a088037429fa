import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import type { JobHandler } from '@respond-async/express'
import express, { type Request } from 'express'
import multer from 'multer'
import { pattern } from './cases'
import { throwing } from './throwing'

type Handler = JobHandler<Request['params'], Request['body'], Request['body'], Request['query'], Request['body']>

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const upload = multer({ storage: multer.memoryStorage() })

/** What the cases describe, as people write it with Express. */
export const expressHandlers: Record<string, Handler | readonly Handler[]> = {
  json: (_req, res) => void res.status(201).set('x-report', '2026-01').json({ month: '2026-01', total: 3, note: 'Grüße' }),
  text: (_req, res) => void res.type('text/plain').send('Grüße, 世界 👋\n'),
  html: (_req, res) => void res.send('<!doctype html><p>Grüße</p>'),
  binary: (_req, res) => void res.send(Buffer.from(pattern(4096))),
  'no-content': (_req, res) => void res.set('x-done', 'yes').sendStatus(204),
  empty: (_req, res) => void res.set('x-done', 'yes').end(),
  cookies: (_req, res) => void res.cookie('a', '1').cookie('b', '2', { httpOnly: true }).send('ok'),
  redirect: (_req, res) => res.redirect('/files/report.pdf'),
  cached: (_req, res) =>
    void res.set({ 'Cache-Control': 'max-age=60', ETag: '"v1"', 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).send('ok'),
  stream: async (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/csv' })
    for (const chunk of ['one,', 'two,', 'three\n']) {
      await turn()
      res.write(chunk)
    }
    res.end()
  },
  'stream-large': (_req, res) => {
    const bytes = pattern(1_048_576)
    res.type('application/octet-stream')
    Readable.from(Array.from({ length: 64 }, (_, at) => bytes.subarray(at * 16_384, (at + 1) * 16_384))).pipe(res)
  },
  file: (_req, res) => res.sendFile(join(import.meta.dirname, 'report.csv')),
  'client-error': (_req, res) =>
    void res
      .status(422)
      .set('x-check', 'failed')
      .json({ errors: ['month is missing'] }),
  'server-error': (_req, res) => void res.status(503).set('Retry-After', '120').send('<h1>Back soon</h1>'),
  job: async (req, res) => {
    await req.job.progress(50, 'half')
    res.json({ operation: req.job.operation, attempt: req.job.attempt, aborted: req.job.signal.aborted })
  },

  ...throwing,
  'broken-stream': async (_req, res) => {
    res.type('text/plain').write('one')
    await turn()
    throw new Error('secret')
  },
  'next-error': (_req, _res, next) => next(new Error('secret')),
  passed: (_req, _res, next) => next(),
  never: () => {},

  'in-json': [express.json(), (req, res) => void res.json({ body: req.body })],
  'in-form': [
    express.urlencoded({ extended: false }),
    (req, res) => {
      const { month, tag, note } = req.body
      res.json({ month, tag, note })
    },
  ],
  'in-multipart': [
    upload.single('photo'),
    (req, res) => {
      const { originalname: name, mimetype: type, size, buffer = Buffer.of() } = req.file ?? {}
      res.json({ title: req.body.title, name, type, size, sha256: sha256(buffer) })
    },
  ],
  'in-xml': [express.text({ type: 'application/xml' }), (req, res) => void res.type('application/xml').send(req.body)],
  'in-text': async (req, res) => {
    let text = ''
    req.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    await once(req, 'end')
    res.json({ text })
  },
  'in-binary': async (req, res) => {
    const bytes = await buffer(req)
    res.json({ size: bytes.length, sha256: sha256(bytes) })
  },
  'in-nothing': async (req, res) => void res.json({ size: (await buffer(req)).length }),
  'in-query': ({ method, query: { month, tag, empty, q } }, res) => void res.json({ method, month, tag, empty, q }),
  'in-params': ({ params: { section, page } }, res) => void res.json({ section, page }),
  'in-params-encoded': ({ params: { section } }, res) => void res.json({ section }),
  'in-headers': (req, res) =>
    void res.json({ trace: req.get('x-trace'), language: req.headers['accept-language'], type: req.get('Content-Type') }),
  'in-put': [express.json(), (req, res) => void res.json({ method: req.method, url: req.originalUrl, body: req.body })],
}
