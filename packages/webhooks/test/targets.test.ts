import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { createJobs, type WebhookSender } from '@respond-async/core'
import { respondAsync } from '@respond-async/core/fetch'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isPublic } from '../src/addresses'
import { type Lookup, webhooks } from '../src/index'
import { SECRET, startReceiver } from './receiver'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const job = { id: 'j', operation: 'report', status: 'succeeded' } as Parameters<WebhookSender['send']>[0]['job']
const send = (sender: WebhookSender, url: string) => sender.send({ id: 'msg_j', url, body: '{}', job })
const sender = (lookup?: Lookup, allow: readonly string[] = [], timeoutMs = 2_000) =>
  webhooks({ secrets: [SECRET], allow, timeoutMs }, lookup)

const BLOCKED_V4 = ['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1', '172.31.255.255']
const MORE_V4 = [
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
]
const BLOCKED_V6 = [
  '::',
  '::1',
  'fe80::1',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2001:db8::1',
  '100::1',
  '2001::1',
  '2002:7f00:1::',
  '64:ff9b::7f00:1',
]
const MAPPED = [
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:169.254.169.254',
  '::ffff:0:127.0.0.1',
  '::127.0.0.1',
  '64:ff9b:1::7f00:1',
  'fec0::1',
]
const ADDRESSES = [...BLOCKED_V4, ...MORE_V4, '255.255.255.255', ...BLOCKED_V6, ...MAPPED]

const SPELLINGS = [
  ...['https://2130706433/', 'https://0x7f000001/', 'https://017700000001/', 'https://127.1/', 'https://0177.0.0.1/', 'https://0x7f.1/'],
  ...['https://127.0.0.1./', 'https://①②⑦.0.0.1/', 'https://127.0.0.1:443/', 'https://[::ffff:a9fe:a9fe]/', 'https://3232235777/'],
]
const NAMES = ['localhost', 'a.localhost', 'printer.local', 'metadata.google.internal', 'intranet', 'x.home.arpa', 'localhost.']
const OTHERWISE = [
  ...['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'javascript:alert(1)', 'data:text/plain,x', '//example.com/', ''],
  ...[
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://:pass@example.com/',
    'https://example.com/#x',
    'https://',
    'https://exa mple.com/',
  ],
]

describe('by its URL alone', () => {
  it.each([
    ...ADDRESSES.map((address) => `https://${address.includes(':') ? `[${address}]` : address}/hook`),
    ...SPELLINGS,
    ...NAMES.map((name) => `https://${name}/hook`),
    ...OTHERWISE,
  ])('%s is refused', async (url) => {
    expect(sender().refusal(url)).toMatch(/^It must .*\.$/)
    expect(await sender().check(url)).toMatch(/^It must .*\.$/)
    expect(await send(sender(), url)).toEqual({ error: expect.stringMatching(/^It must/) })
  })

  it.each(['https://example.com/hook', 'https://example.com:8443/a?b=c', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'])(
    '%s is not',
    (url) => {
      expect(sender().refusal(url)).toBeUndefined()
    },
  )
})

/** An address of a block that nobody may be sent to, in one of the spellings that a URL knows. */
const spelled = fc
  .tuple(fc.constantFrom([10, 8], [127, 8], [0, 8], [169.254, 16], [172.16, 12], [192.168, 16], [100.64, 10], [224, 4]), fc.nat(0xffffffff))
  .map(([[block, bits], noise]) => {
    const [a = 0, b = 0] = String(block).split('.').map(Number)
    const network = ((a << 24) | (b << 16)) >>> 0
    const mask = bits === undefined ? 0 : (0xffffffff << (32 - bits)) >>> 0
    return ((network & mask) | (noise & ~mask)) >>> 0
  })
  .chain((number) => {
    const parts = [24, 16, 8, 0].map((shift) => (number >>> shift) & 255)
    const hex = number.toString(16).padStart(8, '0')
    const groups = `${hex.slice(0, 4)}:${hex.slice(4)}`
    return fc.constantFrom(
      ...[parts.join('.'), `${number}`, `0x${hex}`, `0${number.toString(8)}`, parts.map((part) => `0${part.toString(8)}`).join('.')],
      ...[`[::ffff:${groups}]`, `[64:ff9b::${groups}]`, `[2002:${groups}::]`, `[::${groups}]`, `[::ffff:${parts.join('.')}]`],
    )
  })

it('no spelling of a private address is ever taken', () => {
  fc.assert(
    fc.property(spelled, (host) => {
      fc.pre(URL.canParse(`https://${host}/`))
      expect(sender().refusal(`https://${host}/`)).toBe('It must have a public address.')
    }),
    { numRuns: 3_000 },
  )
})

it('no string at all makes it throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.webUrl(),
        fc.string(),
        fc.ipV4().map((ip) => `https://${ip}`),
      ),
      async (url) => {
        const why = sender().refusal(url)
        expect(why === undefined || why.endsWith('.')).toBe(true)
      },
    ),
    { numRuns: 2_000 },
  )
})

it.each(ADDRESSES)('%s is not public', (address) => expect(isPublic(address)).toBe(false))

describe('by what is behind its name', () => {
  it.each(ADDRESSES)('a name that leads to %s', async (address) => {
    const target = sender(async () => [address])
    expect(await target.check('https://hooks.example.com/')).toBe('It must have a public address.')
    expect(await send(target, 'https://hooks.example.com/')).toEqual({ error: 'It must have a public address.' })
  })

  it('a private address among public ones', async () => {
    const target = sender(async () => ['8.8.8.8', '10.0.0.1'])
    expect(await send(target, 'https://hooks.example.com/')).toEqual({ error: 'It must have a public address.' })
  })

  it('a name without an address leads nowhere, and not to this machine', async () => {
    const here = await startReceiver()
    closing.push(here.close)
    const origin = here.origin.replace('127.0.0.1', 'hooks.example.com')
    expect(await sender(async () => []).check('https://hooks.example.com/')).toBe('It must have a public address.')
    expect(
      await send(
        sender(async () => [], [origin]),
        origin,
      ),
    ).toEqual({ error: 'Its name has no address.' })
    expect(here.arrived).toEqual([])
  })

  it('a name that is not to be found', async () => {
    const target = sender(async () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })))
    expect(await target.check('https://hooks.example.com/')).toBe('Its name could not be looked up.')
    expect(await send(target, 'https://hooks.example.com/')).toMatchObject({ error: expect.stringContaining('ENOTFOUND') })
  })
})

/** A receiver with a certificate of its own for hooks.example.com, which nobody believes yet. */
async function startTlsReceiver(listener: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-certificate-'))
  const at = (name: string) => join(folder, name)
  const subject = ['-subj', '/CN=hooks.example.com', '-addext', 'subjectAltName=DNS:hooks.example.com']
  const made = ['-keyout', at('key.pem'), '-out', at('cert.pem'), '-days', '1']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made, ...subject], { stdio: 'ignore' })
  const cert = readFileSync(at('cert.pem'), 'utf8')
  const server = createServer({ key: readFileSync(at('key.pem')), cert }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, cert }
}

describe('a name that means something else a moment later', () => {
  it('is looked up once, and the connection goes to what was looked at', async () => {
    const reached = vi.fn()
    const { port } = await startTlsReceiver((_, res) => {
      reached()
      res.end()
    })
    let asked = 0
    const rebinding: Lookup = async () => [asked++ === 0 ? '203.0.114.7' : '127.0.0.1']
    // Allowed by name, so that a look-up that leads here would be followed: then only the one that was made counts.
    const target = sender(rebinding, [], 300)
    expect(await send(target, `https://hooks.example.com:${port}/`)).toHaveProperty('error')
    expect(asked).toBe(1)
    expect(await send(target, `https://hooks.example.com:${port}/`)).toEqual({ error: 'It must have a public address.' })
    expect(reached).not.toHaveBeenCalled()
  })

  it('has its certificate held against the name, not against the address', async () => {
    const hosts: unknown[] = []
    const { port } = await startTlsReceiver((req, res) => {
      hosts.push(req.headers.host)
      res.end()
    })
    const origin = `https://hooks.example.com:${port}`
    const reply = await send(
      sender(async () => ['127.0.0.1'], [origin]),
      `${origin}/`,
    )
    expect(reply).toMatchObject({ error: expect.stringMatching(/self.signed/i) }) // it is nobody's; the name was no matter
    const other = `https://other.example.com:${port}`
    expect(
      await send(
        sender(async () => ['127.0.0.1'], [other]),
        `${other}/`,
      ),
    ).toHaveProperty('error')
    expect(hosts).toEqual([])
  })

  // Node 24 and later.
  it.skipIf(!tls.setDefaultCACertificates)('is reached over TLS under its name, and under no other', async () => {
    const hosts: unknown[] = []
    const { port, cert } = await startTlsReceiver((req, res) => {
      hosts.push(req.headers.host)
      res.end()
    })
    const usual = tls.getCACertificates('default')
    closing.push(async () => tls.setDefaultCACertificates(usual))
    tls.setDefaultCACertificates([...usual, cert])
    const replyOf = (name: string) => {
      const origin = `https://${name}:${port}`
      return send(
        sender(async () => ['127.0.0.1'], [origin]),
        `${origin}/`,
      )
    }
    expect(await replyOf('hooks.example.com')).toMatchObject({ status: 200 })
    expect(await replyOf('other.example.com')).toMatchObject({
      error: expect.stringContaining("other.example.com. is not in the cert's altnames"),
    })
    expect(hosts).toEqual([`hooks.example.com:${port}`])
  })
})

describe('what a receiver does', () => {
  it('is reached by its name, at whichever of its addresses it listens', async () => {
    const receiver = await startReceiver()
    closing.push(receiver.close)
    const origin = receiver.origin.replace('127.0.0.1', 'localhost')
    expect(await send(sender(undefined, [origin]), `${origin}/hook`)).toMatchObject({ status: 204 })
    const [arrived] = receiver.arrived
    expect([arrived?.path, `http://${arrived?.headers.host}`]).toEqual(['/hook', origin])
  })

  it.each([
    ['2.5', undefined],
    ['120', 120_000],
    [new Date(Date.now() + 3_600_000).toUTCString(), 3_600_000],
    [new Date(Date.now() - 3_600_000).toUTCString(), undefined],
    ['soon', undefined],
  ])('a Retry-After of %s is understood as %s ms', async (field, ms) => {
    const receiver = await startReceiver((res) => void res.writeHead(503, { 'retry-after': field }).end())
    closing.push(receiver.close)
    const { retryAfterMs } = await send(sender(undefined, [receiver.origin]), receiver.url)
    if (ms === undefined) expect(retryAfterMs).toBeUndefined()
    else expect(Math.abs((retryAfterMs ?? 0) - ms)).toBeLessThan(60_000)
  })

  it('a redirect is not followed', async () => {
    const inside = await startReceiver()
    const outside = await startReceiver((res) => void res.writeHead(307, { location: inside.url }).end())
    closing.push(inside.close, outside.close)
    expect(await send(sender(undefined, [outside.origin]), outside.url)).toMatchObject({ status: 307 })
    expect(inside.arrived).toEqual([])
  })

  it('an endless answer is not read on', async () => {
    let written = 0
    const receiver = await startReceiver((res) => {
      res.writeHead(200)
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536))) written += 65_536
        if (!res.destroyed) res.once('drain', more)
      }
      more()
    })
    closing.push(receiver.close)
    // With so much time it would be read on until then.
    expect(await send(sender(undefined, [receiver.origin], 45_000), receiver.url)).toMatchObject({ status: 200 })
    expect(written).toBeLessThan(64 * 1_048_576)
  })

  it('no answer is waited for no longer than the limit', async () => {
    const receiver = await startReceiver(() => {})
    closing.push(receiver.close)
    expect(await send(sender(undefined, [receiver.origin], 100), receiver.url)).toMatchObject({ error: 'The receiver took too long.' })
  })

  it('a name that is never found neither', async () => {
    const never: Lookup = () => new Promise(() => {})
    expect(await send(sender(never, [], 100), 'https://hooks.example.com/')).toMatchObject({ error: 'The receiver took too long.' })
  })

  it('rubbish in the place of HTTP is an error like others', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(async () => server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await send(sender(undefined, [origin]), origin)).toHaveProperty('error')
  })

  it('receivers that never answer hold up no others', async () => {
    const silent = await startReceiver(() => {})
    const good = await startReceiver()
    closing.push(good.close, silent.close)
    const jobs = createJobs<Request>({
      sweepMs: 0,
      webhooks: webhooks({ secrets: [SECRET], allow: [silent.origin, good.origin], timeoutMs: 45_000 }),
    })
    const targets: (string | undefined)[] = []
    const handler = respondAsync(jobs, { operation: 'x', webhook: () => targets.shift() }, () => Response.json({}))
    const submit = async (target: string) => {
      targets.push(target)
      await handler(new Request('http://localhost/', { method: 'POST' }))
    }
    for (let n = 0; n < 30; n++) await submit(silent.url)
    await silent.until(8) // as many as one origin may have at once
    await submit(good.url)
    await good.until(1)
    expect(silent.arrived).toHaveLength(8)
    await silent.close()
    closing.pop()
    await jobs.stop({ drainMs: 2_000 })
  })
})
