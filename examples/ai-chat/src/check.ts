/** Asks a question, reads the answer while it is written, kills the web process in the middle and resumes: every byte arrives once. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { answerTo } from './model.ts'
import { startPostgres } from './postgres.ts'
import { end, start } from './processes.ts'

const QUESTION = 'What of the moon?'
const WHOLE = Buffer.from([...answerTo(QUESTION, 120)].join(''))

const env = { DATABASE_URL: process.env.DATABASE_URL ?? (await startPostgres()), PORT: '0' }
const worker = await start('worker.ts', env)
let web = await start('web.ts', env)
const { port } = web // after the restart it listens there again
const url = (path: string) => new URL(path, `http://127.0.0.1:${port}`)

/** Reads from a byte on, until `enough` bytes have come or the connection ends. */
async function read(stream: string, from: number, enough: number, etag?: string) {
  const headers: Record<string, string> = etag === undefined ? {} : { range: `bytes=${from}-`, 'if-range': etag }
  const response = await fetch(url(stream), { headers })
  const pieces: Uint8Array[] = []
  let size = 0
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value)
    size += piece.value.length
    if (size >= enough) break
  }
  return { response, reader, bytes: Buffer.concat(pieces), etag: response.headers.get('etag') ?? '' }
}

try {
  match(await (await fetch(url('/'))).text(), /<form>/)
  const accepted = await fetch(url('/answers'), { method: 'POST', body: QUESTION })
  equal(accepted.status, 202)
  const job = accepted.headers.get('location') ?? ''
  let stream: string | undefined
  while (stream === undefined) {
    const status = (await (await fetch(url(job), { headers: { prefer: 'wait=10' } })).json()) as {
      status: string
      links: { stream?: string }
    }
    ok(status.status === 'queued' || status.status === 'running', `the job is ${status.status} before its answer was offered`)
    stream = status.links.stream
  }

  const first = await read(stream, 0, 50)
  equal(first.response.status, 200)
  match(first.response.headers.get('content-type') ?? '', /^text\/plain/)
  ok(first.bytes.length < WHOLE.length, 'it is read while it is written')

  const cut = (async () => {
    while (!(await first.reader.read()).done);
  })().then(
    () => 'whole',
    () => 'broken',
  )
  web.child.kill('SIGKILL')
  equal(await cut, 'broken', 'the connection ends with the web process')
  web = await start('web.ts', { ...env, PORT: `${port}` })

  const reloaded = await read(stream, 0, 1)
  deepEqual(reloaded.bytes, WHOLE.subarray(0, reloaded.bytes.length), 'a page that is reloaded starts at the beginning')
  await reloaded.reader.cancel()
  const rest = await read(stream, first.bytes.length, Number.POSITIVE_INFINITY, first.etag)
  equal(rest.response.status, 206)
  equal(Buffer.concat([first.bytes, rest.bytes]).toString(), WHOLE.toString(), 'the answer, every byte once')
  const result = await fetch(url(`${job}/result`))
  deepEqual(Buffer.from(await result.arrayBuffer()), WHOLE, 'and it is kept')
  console.log('examples/ai-chat: accepted, read while it was written, survived a killed web process, resumed byte for byte')
} finally {
  await end(web.child, worker.child)
}
