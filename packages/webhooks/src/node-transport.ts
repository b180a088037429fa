import { lookup as dnsLookup } from 'node:dns/promises'
import * as http from 'node:http'
import * as https from 'node:https'
import type { WebhookReply } from '@respond-async/core'
import { isPublic, literalOf } from './addresses'
import { type Outgoing, retryAfterOf, type Transport } from './transport'

/** Resolves a host name to its addresses. */
export type Lookup = (hostname: string) => Promise<readonly string[]>

const systemLookup: Lookup = async (hostname) => (await dnsLookup(hostname, { all: true })).map(({ address }) => address)

/** How much of an answer's body is read, in bytes, so that the connection can close cleanly; only the head counts. */
const MAX_ANSWER_BYTES = 65_536
/** How many addresses of a host are tried. */
const MAX_ADDRESSES = 3
/** Errors after which the next address is tried: nothing has been sent. */
const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])

/**
 * Transport for Node, Bun and Deno. Resolves a host name once, checks every address, and connects to one of them, so that a name that
 * resolves differently a moment later (DNS rebinding) has no effect.
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
        signal.throwIfAborted() // the timeout is then the reason
        throw error
      } finally {
        stop()
      }
    },
  }
}

/** The host has no address to which webhooks may be sent. */
class TargetError extends Error {}

/** The addresses of the host. @throws {TargetError} unless all are public */
async function addressesOf(url: URL, lookup: Lookup): Promise<readonly string[]> {
  const addresses = await lookedUp(url, lookup)
  // All must be public: one that is not, among others that are, is no accident.
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

/** Sends one request over a new connection to this address; `Host` and the certificate check use the host name. */
function post({ url, headers, body }: Outgoing, address: string, signal: AbortSignal): Promise<WebhookReply> {
  const isTls = url.protocol === 'https:'
  const { request } = isTls ? https : http
  const options: https.RequestOptions = {
    ...{ host: address, port: url.port || (isTls ? 443 : 80), path: `${url.pathname}${url.search}`, method: 'POST', agent: false, signal },
    headers: { ...headers, host: url.host, 'content-length': Buffer.byteLength(body) },
    // SNI takes only host names (RFC 6066 3).
    servername: literalOf(url) === undefined ? url.hostname : '',
  }
  return new Promise((resolve, reject) => {
    let reply: WebhookReply | undefined
    const end = (error: unknown) => (reply ? resolve(reply) : reject(error)) // once the head has come, errors do not matter
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
    outgoing.on('close', () => end(new Error('The connection was closed.'))) // the only event after a 101
    signal.addEventListener('abort', () => end(signal.reason)) // runtimes differ in the error that an abort causes
    outgoing.end(body)
  })
}

/** Aborts after `ms` milliseconds. Not `AbortSignal.timeout`, whose timer does not keep the process alive while a message is sent. */
function deadline(ms: number): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('The receiver took too long.', 'TimeoutError')), ms)
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
