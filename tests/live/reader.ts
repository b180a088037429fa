import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { StatusDocument } from '@respond-async/core'
import { expect, vi } from 'vitest'

/** A client of a stream, on a connection of its own. */
export interface Reader {
  readonly response: IncomingMessage
  /** All bytes so far. */
  readonly bytes: () => Buffer
  readonly text: () => string
  /** Resolves when so much has come. */
  has(text: string): Promise<void>
  /** How it ended: in order, or broken off. */
  readonly ended: Promise<'whole' | 'broken'>
}

export async function read(url: string, headers: Record<string, string> = {}): Promise<Reader> {
  const request = get(url, { headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const pieces: Buffer[] = []
  response.on('data', (piece) => pieces.push(piece))
  const ended = new Promise<'whole' | 'broken'>((resolve) => {
    response.on('end', () => resolve('whole'))
    response.on('error', () => resolve('broken'))
  })
  const bytes = () => Buffer.concat(pieces)
  const text = () => bytes().toString()
  return { response, bytes, text, ended, has: (all) => vi.waitFor(() => expect(text()).toBe(all), { timeout: 10_000 }) }
}

export const statusOf = async (url: string) => (await (await fetch(url)).json()) as StatusDocument

/** The absolute address of a job's stream, once it is offered. */
export async function streamOf(at: string, from = at): Promise<string> {
  const offered = await vi.waitFor(
    async () => {
      const { stream } = (await statusOf(at)).links
      expect(stream).toBeDefined()
      return stream as string
    },
    { timeout: 10_000, interval: 20 },
  )
  return new URL(offered, from).href
}

export const over = (at: string) =>
  vi.waitFor(
    async () => {
      const document = await statusOf(at)
      expect(['succeeded', 'failed', 'canceled']).toContain(document.status)
      return document
    },
    { timeout: 20_000, interval: 20 },
  )
