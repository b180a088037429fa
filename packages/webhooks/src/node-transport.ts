import { lookup as dnsLookup } from 'node:dns/promises'
import * as http from 'node:http'
import * as https from 'node:https'
import type { WebhookReply } from '@respond-async/core'
import { isPublic, literalOf } from './addresses'
import { type Outgoing, retryAfterOf, type Transport } from './transport'

/** Finds the addresses of a name. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

const systemLookup: Lookup = async (hostname) => (await dnsLookup(hostname, { all: true })).map(({ address }) => address)

/** Of an answer only the head counts; so much of its body is read, so that the connection ends in good order. */
const MAX_ANSWER_BYTES = 65_536
/** Of several addresses the first ones are tried. */
const MAX_ADDRESSES = 3
/** Errors after which another address may answer: nothing has been sent. */
const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])

/**
 * For Node, Bun and Deno. A name is looked up once, every address is looked at, and the connection is made to one of them: a name that
 * means something else a moment later leads nowhere else.
 */
export function nodeTransport(lookup: Lookup = systemLookup): Transport {
  return {
    onlyAllowed: false,
    async check(url) {
      try {
        await addressesOf(url, lookup)
        return undefined
      } catch (error) {
        if (error instanceof TargetError) return error.message
        throw error
      }
    },
    async send(message) {
      const { signal, stop } = deadline(message.timeoutMs)
      try {
        const addresses = await Promise.race([
          message.isAllowed ? lookedUp(message.url, lookup) : addressesOf(message.url, lookup),
          aborted(signal),
        ])
        return await sendToOne(message, addresses, signal)
      } catch (error) {
        signal.throwIfAborted() // which is the reason then
        throw error
      } finally {
        stop()
      }
    },
  }
}

/** What is behind the name is no place to send to. */
class TargetError extends Error {}

/** The addresses of the host, all of them public. @throws {TargetError} */
async function addressesOf(url: URL, lookup: Lookup): Promise<readonly string[]> {
  const addresses = await lookedUp(url, lookup)
  // One that is not public among others that are is no mistake that somebody makes.
  if (addresses.length === 0 || !addresses.every(isPublic)) throw new TargetError('It must have a public address.')
  return addresses
}

async function lookedUp(url: URL, lookup: Lookup): Promise<readonly string[]> {
  const literal = literalOf(url)
  return literal === undefined ? lookup(url.hostname) : [literal]
}

async function sendToOne(message: Outgoing, addresses: readonly string[], signal: AbortSignal): Promise<WebhookReply> {
  const [address, ...others] = addresses.slice(0, MAX_ADDRESSES)
  if (address === undefined) throw new TargetError('Its name has no address.')
  try {
    return await post(message, address, signal)
  } catch (error) {
    if (others.length === 0 || !UNREACHED.has(String(Object(error).code))) throw error
    return sendToOne(message, others, signal)
  }
}

/** One request over a connection of its own to this very address; the name is in `Host`, and what the certificate is held against. */
function post({ url, headers, body }: Outgoing, address: string, signal: AbortSignal): Promise<WebhookReply> {
  const isTls = url.protocol === 'https:'
  const { request } = isTls ? https : http
  const options: https.RequestOptions = {
    ...{ host: address, port: url.port || (isTls ? 443 : 80), path: `${url.pathname}${url.search}`, method: 'POST', agent: false, signal },
    headers: { ...headers, host: url.host, 'content-length': Buffer.byteLength(body) },
    // An address has no name to ask for (RFC 6066 3).
    servername: literalOf(url) === undefined ? url.hostname : '',
  }
  return new Promise((resolve, reject) => {
    let reply: WebhookReply | undefined
    const end = (error: unknown) => (reply ? resolve(reply) : reject(error)) // once the head has come, nothing else is asked of it
    const outgoing = request(options, (response) => {
      const retryAfterMs = retryAfterOf(response.headers['retry-after'])
      reply = { status: response.statusCode ?? 0, retryAfterMs }
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) response.destroy()
      })
      response.on('error', end)
      response.on('close', end)
    })
    outgoing.on('error', end)
    outgoing.on('close', () => end(new Error('The connection was closed.'))) // all that is heard of an answer of 101
    signal.addEventListener('abort', () => end(signal.reason)) // whatever the runtime makes of it
    outgoing.end(body)
  })
}

/** Aborts after `ms`. A timer of its own: one of `AbortSignal.timeout` keeps no process alive, which a message under way should. */
function deadline(ms: number): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('The receiver took too long.', 'TimeoutError')), ms)
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
