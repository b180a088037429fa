import { retryAfterOf, type Transport } from './transport'

/** Transport for Workers, where host names cannot be resolved and checked before connecting. */
export const fetchTransport: Transport = {
  onlyAllowed: true,
  async check() {
    return undefined
  },
  async send({ url, headers, body, timeoutMs }) {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
    await response.body?.cancel()
    return { status: response.status, retryAfterMs: retryAfterOf(response.headers.get('retry-after')) }
  },
}
