import type { JobStore } from '@respond-async/core'
import { postgresStore } from '@respond-async/store-postgres'
import { redisStore } from '@respond-async/store-redis'
import { Redis } from 'ioredis'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startPostgres } from '../postgres'
import { openRedis, withoutRedis } from '../redis'
import { over, read, streamOf } from './reader'
import { script, start } from './service'

/** Two handles over one storage. */
const STORES: Record<string, () => Promise<readonly [JobStore, JobStore]>> = {
  async postgres() {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const open = () => {
      const pool = new pg.Pool({ connectionString: server.url })
      pool.on('error', () => {})
      onTestFinished(() => pool.end())
      return postgresStore({ client: pool })
    }
    return [open(), open()]
  },
  async redis() {
    const server = await openRedis()
    onTestFinished(() => server.stop())
    const open = () => {
      const client = new Redis(server.url)
      onTestFinished(() => client.disconnect())
      return redisStore({ client, prefix: `live-${process.pid}` })
    }
    return [open(), open()]
  },
}

for (const [name, open] of Object.entries(STORES))
  describe.skipIf(name === 'redis' && withoutRedis)(`a live result over ${name}`, () => {
    it('is read on another instance from where a reader was, and is the result in the end', async () => {
      const [one, other] = await open()
      const { writing, write, end } = script()
      const writer = await start('Hono', writing, { store: one })
      onTestFinished(writer.close)
      const reader = await start('Express, behind compression', writing, { store: other })
      onTestFinished(reader.close)
      const at = await writer.submit()
      write('one ')
      const stream = await streamOf(at, reader.url)
      const first = await read(stream)
      await first.has('one ')
      const bytes = Buffer.alloc(150_000, 'two ')
      write(bytes)
      const second = await read(stream, { range: 'bytes=2-', 'if-range': '"attempt-1"' })
      end()
      const whole = Buffer.concat([Buffer.from('one '), bytes])
      expect(await Promise.all([first.ended, second.ended])).toEqual(['whole', 'whole'])
      expect([Buffer.compare(first.bytes(), whole), Buffer.compare(second.bytes(), whole.subarray(2))]).toEqual([0, 0])
      expect((await over(at)).status).toBe('succeeded')
      expect((await (await fetch(`${at}/result`)).arrayBuffer()).byteLength).toBe(whole.length)
    }, 60_000)
  })
