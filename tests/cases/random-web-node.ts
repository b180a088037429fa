import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { onTestFinished, vi } from 'vitest'

/** Makes a function that sends a request to an application behind @hono/node-server, until the test has finished. */
export async function nodeSender<App>(
  fetchOf: (app: App, ...args: Parameters<Parameters<typeof getRequestListener>[0]>) => Response | Promise<Response>,
) {
  vi.spyOn(console, 'error').mockReturnValue() // it prints what it cannot send
  let app: App
  const server = createServer(getRequestListener((...args) => fetchOf(app, ...args)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return (to: App, path: string, init?: RequestInit): Promise<Response> => {
    app = to
    return fetch(origin + path, { redirect: 'manual', ...init })
  }
}
