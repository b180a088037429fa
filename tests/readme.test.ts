/** Servers of the documents, run as they stand there, and the curl session of README.md with its server, line by line. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runAudits } from '@respond-async/http-audits'
import { afterEach, expect, test } from 'vitest'
import { blocksOf } from '../scripts/markdown.mjs'
import { type DocumentServer, startDocumentServer } from './readme/document-server'
import { type Exchange, missingLine, perform, readSession, withId } from './readme/session'

/** The first block of a document in this language. */
const blockOf = (path: string, language: string): string[] =>
  blocksOf(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).find((block) => block.language === language)?.code ?? []

let server: DocumentServer | undefined
afterEach(() => server?.stop())

/** 4711 rows on ten pages, given out as far as they are let to. */
function rowsService() {
  let last = 4
  let asked = 0
  const service: Server = createServer(async ({ url = '' }, res) => {
    const page = Number(new URL(url, 'http://localhost').searchParams.get('page'))
    asked = Math.max(asked, page)
    service.emit('asked')
    while (page > last) await once(service, 'let')
    res.end(JSON.stringify(Array(page === 10 ? 472 : 471).fill({ url })))
  })
  return {
    async start(): Promise<string> {
      await once(service.listen(0, '127.0.0.1'), 'listening')
      return `http://127.0.0.1:${(service.address() as AddressInfo).port}`
    },
    /** Resolves once this page is read: progress on those before has been reported by then. */
    async reading(page: number): Promise<void> {
      while (asked < page) await once(service, 'asked')
    },
    letTo(page: number): void {
      last = page
      service.emit('let')
    },
    stop(): void {
      service.close()
      service.closeAllConnections()
    },
  }
}

test('the quick start of README.md answers as its curl session shows', { timeout: 60_000 }, async () => {
  const exchanges = readSession(blockOf('README.md', 'console'))
  const monitor = 'localhost:3000/jobs/<id>'
  expect(exchanges.map(({ method, url }) => `${method} ${url.replace(/[\da-f]{8}-…/, '<id>')}`)).toEqual([
    ...[
      'POST localhost:3000/reports',
      `GET ${monitor}`,
      `GET ${monitor}`,
      `GET ${monitor}/events`,
      `GET ${monitor}`,
      `GET ${monitor}/result`,
      `DELETE ${monitor}`,
    ],
  ])
  type Session = [Exchange, Exchange, Exchange, Exchange, Exchange, Exchange, Exchange]
  const [submit, poll, heldPoll, events, lastPoll, result, purge] = exchanges as Session // as many as were expected

  const rows = rowsService()
  try {
    const running = await startDocumentServer(blockOf('README.md', 'ts'), `import { readPage } from './rows'`, {
      ROWS_URL: await rows.start(),
    })
    server = running
    let id = ''
    const run = (exchange: Exchange) => perform(withId({ ...exchange, url: exchange.url.replace('localhost:3000', running.host) }, id))
    const check = ({ shown }: Exchange, came: readonly string[]) => expect(missingLine(shown, came), came.join('\n')).toBeUndefined()

    const accepted = await run(submit)
    check(submit, accepted)
    id = /^Location: .*\/(.+)$/m.exec(accepted.join('\n'))?.[1] ?? ''

    await rows.reading(5)
    check(poll, await run(poll))

    const held = run(heldPoll)
    check(poll, await run(poll)) // by now the other one is there too
    rows.letTo(5)
    check(heldPoll, await held)

    const heard = run(events)
    await run({ ...lastPoll, headers: {} }) // by now the stream is open too
    rows.letTo(6)
    await rows.reading(7)
    rows.letTo(10)
    check(events, await heard)
    check(lastPoll, await run(lastPoll))
    check(result, await run(result))
    check(purge, await run(purge))
  } finally {
    rows.stop()
  }
})

test('the audit target in the README of http-audits passes all audits', { timeout: 120_000 }, async () => {
  server = await startDocumentServer(blockOf('packages/http-audits/README.md', 'js'))
  const results = await runAudits({ url: `http://${server.host}`, timeoutMs: 60_000 })
  expect(results.length).toBeGreaterThan(100)
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
})
