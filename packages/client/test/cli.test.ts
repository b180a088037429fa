import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readArguments } from '../src/cli/arguments'
import { bundled, type Ended, endProcesses, fileIn, start } from './processes'
import { type Answer, closeServers, type Script, serve } from './server'

let program = ''
beforeAll(async () => {
  program = await bundled('../src/cli.ts', 'respond-async.cjs')
})
afterEach(closeServers)
afterAll(endProcesses)

const run = (...args: string[]): Promise<Ended> => start(process.execPath, [program, ...args]).ended
const running = (percentComplete: number): Answer => [
  202,
  {},
  { status: 'running', percentComplete, message: `step ${percentComplete}`, links: { cancel: '/jobs/1/cancel' } },
]
const done: Answer = [200, {}, { status: 'succeeded', percentComplete: 100, links: { result: '/jobs/1/result' } }]

/** A server of one job; polls are answered one after the other, the last for ever. */
function jobServer(polls: readonly Answer[], more: Script = () => undefined) {
  return serve((asked, at, res) => {
    if (asked.url === '/reports') return [202, { location: '/jobs/1' }]
    if (asked.url === '/jobs/1' && asked.method === 'GET') return polls[Math.min(at, polls.length) - 1]
    if (asked.url === '/jobs/1/result') return [201, { 'content-type': 'text/csv' }, 'a,b\n1,2\n']
    return more(asked, at, res)
  })
}

/** Its first job has succeeded with a result that does not end; nothing else is answered. */
const stalling: Script = ({ url }, _, res) => {
  if (url === '/jobs/1') return done
  if (url === '/jobs/1/result') res.writeHead(200, { 'content-type': 'text/plain' }).write('part')
  return undefined
}

describe('submitting', () => {
  test('prints the result on stdout and progress on stderr, one line for each change', async () => {
    const { url, asked } = await jobServer([running(10), running(10), running(60.9), done])
    writeFileSync(fileIn('body.json'), '{"month":"2026-10"}')
    const ended = await run('POST', `${url}/reports`, '--json', `@${fileIn('body.json')}`, '-H', 'authorization: Bearer secret')
    expect(ended).toEqual({
      code: 0,
      out: 'a,b\n1,2\n',
      err: 'queued\nrunning 10 %  step 10\nrunning 60 %  step 60.9\nsucceeded 100 %\n',
    })
    expect(asked[0]).toMatchObject({ method: 'POST', body: '{"month":"2026-10"}', headers: { 'content-type': 'application/json' } })
    expect(asked.every(({ headers }) => headers.authorization === 'Bearer secret')).toBe(true)
    expect(asked[0]?.headers['idempotency-key']).toBeDefined()
  })

  test('a reader of stderr that leaves costs neither the result nor the exit code', async () => {
    const { url } = await jobServer([running(10), running(60), done])
    const { child, ended } = start(process.execPath, [program, `${url}/reports`])
    child.stderr.once('data', () => child.stderr.destroy()) // 2>&1 | head -1
    expect(await ended).toMatchObject({ code: 0, out: 'a,b\n1,2\n' })
  })

  test('saves the result with -o, quietly with -q', async () => {
    const { url } = await jobServer([done])
    const ended = await run(`${url}/reports`, '-q', '-o', fileIn('result.csv'))
    expect(ended).toEqual({ code: 0, out: '', err: '' })
    expect(readFileSync(fileIn('result.csv'), 'utf8')).toBe('a,b\n1,2\n')
  })

  test('sends forms with files, data from stdin, another method, fields from a file', async () => {
    const { url, asked } = await jobServer([done])
    writeFileSync(fileIn('rows.csv'), 'rows')
    writeFileSync(fileIn('fields'), 'x-key: one\n\nx-other: two\n')
    await run(
      'PUT',
      `${url}/reports`,
      '--form',
      'month=2026-10',
      '--form',
      `file=@${fileIn('rows.csv')}`,
      '--form',
      'note=',
      '--form',
      'text=two\nlines',
      '--header',
      `@${fileIn('fields')}`,
    )
    expect(asked[0]).toMatchObject({ method: 'PUT', headers: { 'x-key': 'one', 'x-other': 'two' } })
    expect(asked[0]?.body).toMatch(/name="month"\s+2026-10[\s\S]*filename="rows\.csv"[\s\S]*rows/)
    expect(asked[0]?.body).toMatch(/name="note"\r\n\r\n\r\n[\s\S]*name="text"\r\n\r\ntwo\r\nlines\r\n/)
    const before = asked.length
    const ended = await start(process.execPath, [program, `${url}/reports`, '--data', '@-', '--idempotency-key', 'k'], 'piped').ended
    expect(ended.code).toBe(0)
    expect(asked[before]).toMatchObject({ body: 'piped', headers: { 'idempotency-key': 'k' } })
  })

  test('takes no byte order mark for a part of what it is given', async () => {
    const { url, asked } = await jobServer([done])
    writeFileSync(fileIn('marked.json'), '\ufeff{"month":"2026-10"}')
    writeFileSync(fileIn('marked-fields'), '\ufeffx-key: one\r\nx-other: two\r\n')
    expect(await run(`${url}/reports`, '-q', '--json', `@${fileIn('marked.json')}`, '-H', `@${fileIn('marked-fields')}`)).toMatchObject({
      code: 0,
    })
    expect(asked[0]).toMatchObject({ body: '{"month":"2026-10"}', headers: { 'x-key': 'one', 'x-other': 'two' } })
  })

  test('says the type of a body, unless a field does', async () => {
    const { url, asked } = await jobServer([done])
    writeFileSync(fileIn('page.html'), '<p>')
    const page = `@${fileIn('page.html')}`
    for (const body of [
      ['--data', 'text'],
      ['--data', page],
      ['--data', page, '-H', 'Content-Type: text/html'],
      ['--json', '1', '-H', 'content-type: a/b+json'],
    ])
      await run(`${url}/reports`, '-q', '--detach', ...body)
    const types = asked.map(({ headers }) => headers['content-type'])
    expect(types).toEqual(['text/plain;charset=UTF-8', 'application/octet-stream', 'text/html', 'a/b+json'])
  })

  test('--detach prints the address, watch follows it', async () => {
    const { url, of } = await jobServer([done])
    const ended = await run(`${url}/reports`, '--detach', '--quiet')
    expect(ended).toEqual({ code: 0, out: `${url}/jobs/1\n`, err: '' })
    expect(of('GET /jobs/1')).toEqual([])
    expect(await run('watch', ended.out.trim())).toMatchObject({ code: 0, out: 'a,b\n1,2\n', err: 'succeeded 100 %\n' })
  })

  test('--detach prints the result of a request that was answered at once', async () => {
    const { url } = await serve(() => [201, {}, 'made'])
    expect(await run(url, '--detach')).toEqual({ code: 0, out: 'made', err: 'succeeded\n' })
  })

  test('--no-events polls', async () => {
    const { url, of } = await jobServer([[202, {}, { status: 'running', links: { events: '/events' } }], done], () => [404])
    await run('watch', `${url}/jobs/1`, '--no-events')
    expect([of('GET /events').length, of('GET /jobs/1').length]).toEqual([0, 2])
  })

  test('a reader of the result that leaves is no error', async () => {
    const large = await serve(({ url: path }) =>
      path === '/'
        ? [200, {}, { status: 'succeeded', links: { result: '/r' } }]
        : [200, { 'content-type': 'text/plain' }, 'line\n'.repeat(1_000_000)],
    )
    const { child, ended } = start(process.execPath, [program, 'watch', large.url, '-q'])
    child.stdout.once('data', () => child.stdout.destroy()) // | head -1
    expect(await ended).toMatchObject({ code: 0, err: '' })
  })
})

test('a URL without a scheme is one of this machine by http, or of another by https', () => {
  const urls = [
    'localhost:3000/a',
    'localhost',
    '127.0.0.1:80',
    '[::1]:3000/a?b=c://d',
    'localhosting.example',
    'example.com:3000/a',
    'HTTP://example.com',
  ]
  expect(urls.map((url) => readArguments([url]).url)).toEqual([
    'http://localhost:3000/a',
    'http://localhost/',
    'http://127.0.0.1/',
    'http://[::1]:3000/a?b=c://d',
    'https://localhosting.example/',
    'https://example.com:3000/a',
    'http://example.com/',
  ])
  expect(() => readArguments(['post', 'http://x'])).toThrow('Unexpected argument "http://x": the URL is "post" already')
  for (const method of ['GET', 'HEAD']) expect(() => readArguments([method, 'http://x', '--data', 'a'])).toThrow(`${method} sends no body`)
})

describe('exit codes', () => {
  test.each<[number, Answer, string]>([
    [
      1,
      [200, {}, { status: 'failed', error: { code: 'no_paper', detail: 'Tray 2\u001b[2J is empty.' } }],
      'failed (no_paper): Tray 2 [2J is empty.',
    ],
    [3, [200, {}, { status: 'canceled' }], 'The job was canceled.'],
    [5, [403, { 'content-type': 'application/problem+json' }, { title: 'Not yours' }], '403 (http-403): Not yours'],
    [4, [202, {}, { status: 'running' }], 'respond-async watch '],
    [6, [302, { location: 'javascript:\u009b2Jx' }, {}], 'redirects to what is no address: javascript: 2Jx'],
  ])('%i', async (code, answer, text) => {
    const { url } = await jobServer([answer])
    const ended = await run(`${url}/reports`, ...(code === 4 ? ['--timeout', '2'] : []))
    expect([ended.code, ended.out]).toEqual([code, ''])
    expect(ended.err).toContain(text)
  })

  test('5 for a status URL that was submitted to, with what to do', async () => {
    const { url } = await jobServer([running(10)], ({ method }) => (method === 'GET' ? undefined : [405, { allow: 'GET' }]))
    const ended = await run(`${url}/jobs/1`)
    expect(ended).toMatchObject({ code: 5, out: '' })
    expect(ended.err).toMatch(/^405 .+\nTo follow a job by its status URL: respond-async watch URL\n$/)
    expect((await run('cancel', `${url}/jobs/1`)).err).toMatch(/^405 .+\n$/)
  })

  test('2 for wrong usage, with the usage', async () => {
    for (const args of [
      ['POST'],
      ['POST', 'http://x', 'y'],
      ['--nope'],
      ['http://x', '--json', '{'],
      ['http://x', '--json', '1', '--data', 'a'],
      ['http://x', '--timeout', 'soon'],
      ['http://x', '--timeout', '0'],
      ['ftp://x'],
      ['watch', 'http://ann:secret@x'],
      ['cancel', 'http://:secret@x'],
      ['http://x', '--data', '@/nowhere'],
      ['http://x', '-o', '/nowhere/result'],
      ['http://x', '-o', tmpdir()],
      ['http://x', '-o', ''],
      ['http://x', '-o', `${fileIn('new')}/`],
      ['http://x', '-o', `${program}/result`],
      ['GET', 'http://x', '--data', 'a'],
      ['HEAD', 'http://x', '--form', 'a=b'],
      ['watch', 'http://x', '--json', '1'],
      ['TRACE', 'http://x'],
      ['http://x', '--idempotency-key', 'ключ'],
      ['http://x', '-H', 'authorization: a\u0001b'],
      ['http://x', '-H', 'x: ключ'],
      ['http://x', '-H', 'x@(: 1'],
    ]) {
      const ended = await run(...args)
      expect([args, ended.code, ended.out]).toEqual([args, 2, ''])
      expect(ended.err).toContain('Usage')
      expect(ended.err).not.toContain('secret')
    }
    for (const args of [['--help'], ['watch', '-h'], ['help'], []])
      expect(await run(...args)).toMatchObject({ code: 0, out: expect.stringMatching(/^Usage/), err: '' })
  })

  test('4 after --timeout, whatever took the time, with what is known of the job', async () => {
    const { url } = await serve(stalling)
    const late = 'Not finished within 2 s.\n'
    const timed = async (...args: string[]) => start(process.execPath, [program, ...args, '-q', '--timeout', '2'], null).ended
    expect(await timed('watch', `${url}/jobs/1`)).toEqual({
      code: 4,
      out: 'part',
      err: `The result is still on the server. To get it: respond-async watch ${url}/jobs/1\n${late}`,
    })
    expect(await run('watch', `${url}/jobs/2`, '--timeout', '2')).toEqual({ code: 4, out: '', err: late })
    expect(await timed('cancel', `${url}/jobs/2`)).toEqual({ code: 4, out: '', err: late })
    expect(await timed('POST', `${url}/jobs/2`)).toEqual({ code: 4, out: '', err: late })
    expect(await timed('POST', `${url}/jobs/2`, '--data', '@-')).toEqual({ code: 4, out: '', err: late })
  })

  test('5 for an unknown job, without saying that it goes on', async () => {
    const { url } = await serve(() => [404])
    expect(await run('watch', `${url}/jobs/1`)).toEqual({ code: 5, out: '', err: '404 (http-404): The server answered 404.\n' })
  })

  test('1 and 5 say nothing of a job that has failed or is gone', async () => {
    const failed = await jobServer([[200, {}, { status: 'failed', error: { code: 'no_paper', detail: 'No.' } }]])
    expect(await run('watch', `${failed.url}/jobs/1`)).toEqual({ code: 1, out: '', err: 'failed\nfailed (no_paper): No.\n' })
    expect(await run('cancel', `${failed.url}/jobs/1`)).toEqual({ code: 1, out: 'failed\n', err: '' })
    for (const status of [404, 410]) {
      const gone = await jobServer([running(10), [status]])
      expect(await run('watch', `${gone.url}/jobs/1`)).toMatchObject({ code: 5, err: expect.not.stringContaining('respond-async watch') })
    }
    const taken = await jobServer([running(10), [403]])
    expect(await run('watch', `${taken.url}/jobs/1`)).toMatchObject({ code: 5, err: expect.stringContaining('The job goes on.') })
  })

  test('1 for a failed job with its own response, and where that is', async () => {
    const failed: Answer = [
      200,
      {},
      { status: 'failed', error: { code: 'error_response', detail: 'Answered 422.' }, links: { result: '/r' } },
    ]
    const { url } = await serve(({ url: path }) => (path === '/jobs/1' ? failed : [422, {}, { row: 7 }]))
    const ended = await run('watch', `${url}/jobs/1`)
    expect(ended).toEqual({ code: 1, out: '', err: `failed\nfailed (error_response): Answered 422.\nIts response: ${url}/r\n` })
  })

  test('6 for a result that breaks off, with where it still is', async () => {
    const { url } = await serve(({ url: path }, _, res) => {
      if (path === '/jobs/1') return done
      res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '9' }).write('part', () => res.destroy())
      return undefined
    })
    const { code, err } = await run('watch', `${url}/jobs/1`, '-q')
    expect([code, err.split('\n')[0]]).toEqual([6, `The result is still on the server. To get it: respond-async watch ${url}/jobs/1`])
  })

  test('says why it waits while a server is away, a line for each reason, and goes on when it is back', async () => {
    const { url } = await jobServer([[503], [503], [429], running(10), done], (_, __, res) => void res.destroy())
    const ended = await run('watch', `${url}/jobs/1`)
    const host = new URL(url).host
    expect(ended).toMatchObject({ code: 0, err: `${host} answered 503\n${host} answered 429\nrunning 10 %  step 10\nsucceeded 100 %\n` })
    const broken = await serve((_, at, res) => (at < 3 ? void res.destroy() : done))
    const { err } = await run('watch', `${broken.url}/jobs/1`, '-o', fileIn('watched'))
    expect(err).toMatch(/^no answer from 127\.0\.0\.1:\d+ \(.+\)\nsucceeded 100 %\n/)
  }, 60_000)

  test('6 where nothing answers, with the reason', async () => {
    const { url, close } = await serve(() => [200])
    close()
    const ended = await run(`${url}/reports`, '--data', 'x')
    expect(ended.code).toBe(6)
    expect(ended.err).toContain('ECONNREFUSED')
    expect(ended.err).toMatch(/^POST \S+ was not answered, tried 5 times\. \(.*ECONNREFUSED.*\)$/m)
  }, 60_000)

  test('6 where nothing answers at any of several addresses, as those of localhost, with the reason', async () => {
    const { url, close } = await serve(() => [200])
    close()
    const addresses = JSON.stringify(['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })))
    writeFileSync(fileIn('hosts.cjs'), `require('node:dns').lookup = (_, options, found) => found(null, ${addresses})`)
    const args = ['--require', fileIn('hosts.cjs'), program, url.replace('127.0.0.1', 'localhost'), '--timeout', '2']
    const { err } = await start(process.execPath, args).ended
    expect(err).toMatch(/^no answer from localhost:\d+ \(ECONNREFUSED\)\n/)
  })

  test.runIf(existsSync('/dev/full'))('7 where the address of a job could not be written, with how to come back', async () => {
    const { url } = await jobServer([running(10)])
    const detached = start('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, program, `${url}/reports`, '--detach'])
    expect(await detached.ended).toMatchObject({
      code: 7,
      err: `The job goes on. To follow it: respond-async watch ${url}/jobs/1\nIt could not be written (ENOSPC).\n`,
    })
  })

  test.runIf(existsSync('/dev/full'))('7 where the result could not be written, with where it still is', async () => {
    const { url } = await jobServer([done])
    const left = `The result is still on the server. To get it: respond-async watch ${url}/jobs/1\n`
    expect(await run('watch', `${url}/jobs/1`, '-q', '-o', '/dev/full')).toEqual({
      code: 7,
      out: '',
      err: `${left}/dev/full could not be written (ENOSPC).\n`,
    })
    const printed = start('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, program, 'watch', `${url}/jobs/1`, '-q'])
    expect(await printed.ended).toEqual({ code: 7, out: '', err: `${left}The result could not be written (ENOSPC).\n` })
  })
})

describe('cancel', () => {
  test('requests cancellation and prints the resulting state', async () => {
    const { url, of } = await jobServer([running(10)], () => [200, {}, { status: 'canceled' }])
    expect(await run('cancel', `${url}/jobs/1`)).toEqual({ code: 0, out: 'canceled\n', err: '' })
    expect(of('POST /jobs/1/cancel')).toHaveLength(1)
    const finished = await jobServer([done])
    expect(await run('cancel', `${finished.url}/jobs/1`)).toMatchObject({ code: 1, out: 'succeeded\n' })
    expect(finished.asked).toHaveLength(1)
  })
})

describe('Ctrl-C', () => {
  test('leaves the job running and says how to follow it again', async () => {
    const { url, asked } = await jobServer([running(10)])
    const { child, ended, said } = start(process.execPath, [program, `${url}/reports`])
    await vi.waitUntil(() => said().includes('10 %'), { timeout: 20_000 })
    child.kill('SIGINT')
    const { code, err } = await ended
    expect(code).toBe(130)
    expect(err).toContain(`respond-async watch ${url}/jobs/1`)
    expect(asked.filter(({ url: path }) => path.endsWith('/cancel'))).toEqual([])
  })

  test('cancels the job with --cancel-on-interrupt', async () => {
    let canceled = false
    const { url, of } = await serve(({ url: path }) => {
      if (path === '/reports') return [202, { location: '/jobs/1' }]
      canceled ||= path === '/jobs/1/cancel'
      return canceled ? [200, {}, { status: 'canceled' }] : running(10)
    })
    const { child, ended, said } = start(process.execPath, [program, `${url}/reports`, '--cancel-on-interrupt'])
    await vi.waitUntil(() => said().includes('10 %'), { timeout: 20_000 })
    child.kill('SIGINT')
    expect((await ended).code).toBe(3)
    expect(of('POST /jobs/1/cancel')).toHaveLength(1)
  })

  test('a second one ends the waiting for a cancellation', async () => {
    const { url, of } = await jobServer([running(10)])
    const { child, ended, said } = start(process.execPath, [program, 'watch', `${url}/jobs/1`, '--cancel-on-interrupt'])
    await vi.waitUntil(() => said().includes('10 %'), { timeout: 20_000 })
    child.kill('SIGINT')
    await vi.waitUntil(() => of('POST /jobs/1/cancel').length === 1, { timeout: 20_000 })
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130, err: expect.stringContaining('Requesting cancellation …\nThe job goes on.') })
    expect(of('POST /jobs/1/cancel')).toHaveLength(1)
  })

  test('a cancellation that is refused is exit code 5', async () => {
    const { url } = await jobServer([running(10)], () => [403, {}, { title: 'Not yours' }])
    const { child, ended, said } = start(process.execPath, [program, 'watch', `${url}/jobs/1`, '--cancel-on-interrupt'])
    await vi.waitUntil(() => said().includes('10 %'), { timeout: 20_000 })
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 5, err: expect.stringContaining('403 (http-403): Not yours\n') })
  })
})

describe.each(['SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test('ends while a result is being downloaded', async () => {
    const { url } = await serve(stalling)
    const { child, ended, said } = start(process.execPath, [program, 'watch', `${url}/jobs/1`])
    await vi.waitUntil(() => said().includes('part'), { timeout: 20_000 })
    child.kill(signal)
    expect(await ended).toMatchObject({ code: 130, out: 'part' })
  })

  test('ends while waiting for stdin, and sends nothing', async () => {
    const { url, asked } = await serve(stalling)
    const { child, ended } = start(process.execPath, [program, `${url}/jobs/1`, '--json', '@-'], null)
    child.stdin.write('{')
    await vi.waitUntil(() => child.stdin.writableLength === 0)
    await setTimeout(1_000) // nothing tells that it reads
    child.kill(signal)
    expect(await ended).toEqual({ code: 130, out: '', err: '' })
    expect(asked).toEqual([])
  })

  test.skipIf(process.platform === 'win32')('a second one ends the process even while a file cannot be opened', async () => {
    const pipe = fileIn(`pipe-${signal}`)
    spawnSync('mkfifo', [pipe])
    // To open a pipe that nobody writes to holds a thread of Node's.
    const { child, ended } = start(process.execPath, [program, 'http://x', '--data', `@${pipe}`])
    await setTimeout(1_000)
    child.kill(signal)
    await setTimeout(500)
    child.kill(signal)
    expect(await ended).toMatchObject({ code: null, out: '' })
  })
})

// `script` of util-linux gives a program a terminal; that of BSD takes other arguments.
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

test.runIf(hasTerminal)('on a terminal a progress bar moves, and disappears at the end', async () => {
  const { url } = await jobServer([running(10), running(60), done])
  const { ended } = start('script', ['-qec', `'${process.execPath}' '${program}' '${url}/reports'`, '/dev/null'])
  const { code, out } = await ended
  expect(code).toBe(0)
  expect(out).toMatch(/running █+░+ 10 % {2}step 10/)
  expect(out).toContain('60 %')
  expect(out.slice(out.lastIndexOf('%'))).toContain('a,b')
  expect(out).toMatch(/1,2\r\n\r\n$/)
  const saved = start('script', [
    '-qec',
    `'${process.execPath}' '${program}' watch '${url}/jobs/1' -q -o '${fileIn('saved')}'`,
    '/dev/null',
  ])
  expect(await saved.ended).toMatchObject({ code: 0, out: '' })
  expect(out).toContain('\u001b[?25h')
})

test.runIf(hasTerminal)('on a terminal the bar stays one line: what it says is cut, and controls nothing', async () => {
  const told: Answer = [202, {}, { status: 'running', percentComplete: 10, message: `\u001b[31mpage ${'x'.repeat(90)}` }]
  const { url } = await jobServer([told, [503], done])
  const command = `stty cols 100; '${process.execPath}' '${program}' watch '${url}/jobs/1'`
  const { code, out } = await start('script', ['-qec', command, '/dev/null']).ended
  expect(code).toBe(0)
  expect(out).toMatch(/10 % {3}\[31mpage x{30}(?!x)/)
  expect(out).toMatch(/10 % {2}127\.0\.0\.1:\d+ answered 503(?!\r)/)
})

test.runIf(hasTerminal).each([
  ['', 'The job goes on', 130],
  ['--cancel-on-interrupt', 'Requesting cancellation', 3],
])('on a terminal Ctrl-C takes the bar away before it says anything (%s)', async (option, text, code) => {
  let isCanceled = false
  const { url } = await serve(({ method }) => {
    isCanceled ||= method === 'POST'
    return isCanceled ? [200, {}, { status: 'canceled' }] : running(10)
  })
  // Ctrl-C also reaches a shell that waits for its command, and ends it with 130.
  const command = `exec '${process.execPath}' '${program}' watch '${url}/jobs/1' ${option}`
  const { child, ended, said } = start('script', ['-qec', command, '/dev/null'], null)
  await vi.waitUntil(() => said().includes('10 %'), { timeout: 20_000 })
  child.stdin.write('\u0003')
  const { code: ending, out } = await ended
  expect(ending).toBe(code)
  const [before = ''] = out.split(text)
  expect(before.slice(before.lastIndexOf('10 %'))).toContain('\u001b[?25h') // the cursor is shown again
})

test.runIf(hasTerminal)('on a terminal that cannot move anything there are lines', async () => {
  const { url } = await jobServer([running(10), done])
  const { ended } = start('script', ['-qec', `TERM=dumb '${process.execPath}' '${program}' '${url}/reports'`, '/dev/null'])
  const { code, out } = await ended
  expect(code).toBe(0)
  expect(out).toContain('running 10 %  step 10\r\n')
  expect(out).not.toContain('\u001b')
})
