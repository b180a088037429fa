import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { JobsOptions } from '@respond-async/core'
import { bundled, type Process, startProcess } from '../processes'
import { linesIn, startLedger } from './ledger'
import type { Line } from './task'

/** What a process does: takes requests, runs jobs, or both. */
export type Role = 'web' | 'worker' | 'web worker'

/** One of several processes, and whoever takes its place after it has ended. */
interface Member {
  readonly role: Role
  /** Whether it is there, and not frozen. */
  readonly up: boolean
  /** Where it listens; `undefined` while it is down. */
  readonly port: number | undefined
  readonly pid: number
  /** SIGKILL; resolves when its successor is ready. */
  kill(): Promise<void>
  /** SIGSTOP for so many milliseconds: for the others it is dead, and then it is back. */
  freeze(ms: number): Promise<void>
  /** SIGTERM; resolves when it has ended. Nobody takes its place. */
  end(): Promise<void>
}

export interface Fleet {
  /** Where the ledgers and the gates are. */
  readonly dir: string
  readonly members: readonly Member[]
  /** Of those that take requests now. */
  ports(): number[]
  /** What handlers have written so far. */
  lines(): Line[]
  /** Lets work go on that waits for this gate. */
  open(gate: string): void
  /** How many processes have ended that nobody had killed: none should. */
  readonly fallen: number
  /** What the processes reported as errors, for whoever looks for the cause. */
  errors(): string
  stop(): Promise<void>
}

export interface FleetOptions {
  readonly entry: string
  readonly url: string
  readonly roles: readonly Role[]
  readonly jobs: JobsOptions
  /** Of each member, in milliseconds beside the clock of the machine. */
  readonly clocks?: readonly number[]
  readonly drainMs?: number
  /** What else a process is told. */
  readonly env?: Readonly<Record<string, string>>
  /** Each process leads a group, which lives and dies with it, and its handlers report over HTTP. @default false */
  readonly leads?: boolean
}

/** Starts the processes of an application. */
export async function startFleet({ entry, url, roles, jobs, clocks = [], drainMs = 10_000, ...more }: FleetOptions): Promise<Fleet> {
  const { leads = false } = more
  const dir = mkdtempSync(join(tmpdir(), 'respond-async-crash-'))
  const ledger = leads ? await startLedger(dir) : undefined
  const code = await bundled(entry)
  let stopped = false
  let fallen = 0

  const startMember = async (role: Role, clockMs: number) => {
    const env = { ROLE: role, DIR: dir, STORE_URL: url, JOBS: JSON.stringify(jobs), CLOCK_MS: `${clockMs}`, DRAIN_MS: `${drainMs}` }
    const told = { ...more.env, ...env, LEDGER_URL: ledger?.url ?? '' }
    let process: Process & { readonly said: { port: number } }
    let port = 0
    let up = false
    let meant = false
    let frozen = false
    const start = async () => {
      const started = await startProcess<{ port: number }>(entry, code, { ...told, PORT: `${port}` }, { leads })
      process = started
      port = started.said.port
      up = true
      meant = false
      void started.exited.then(() => {
        up = false
        if (meant || stopped) return
        fallen++
        startAgain()
      })
    }
    /** As a supervisor does: until it is up. */
    const startAgain = async () => {
      while (!stopped) {
        try {
          return await start()
        } catch {
          fallen++
          await setTimeout(200)
        }
      }
    }
    await start()
    return {
      role,
      get up() {
        return up && !frozen
      },
      get port() {
        return up && !frozen && role !== 'worker' ? port : undefined
      },
      get pid() {
        return process.pid
      },
      async kill() {
        if (!up) return
        meant = true
        up = false // while it is on its way out, too: killed again, it would get two successors
        await process.end('SIGKILL')
        await startAgain()
      },
      async freeze(ms: number) {
        if (!up || frozen) return
        const { pid } = process
        frozen = true
        process.signal('SIGSTOP')
        await setTimeout(ms)
        frozen = false
        if (up && process.pid === pid) process.signal('SIGCONT')
      },
      async end() {
        meant = true
        await process.end('SIGTERM')
      },
      async destroy() {
        if (!up) return
        process.signal('SIGCONT')
        await process.end('SIGKILL')
      },
    }
  }

  const members = await Promise.all(roles.map((role, at) => startMember(role, clocks[at] ?? 0)))
  return {
    dir,
    members,
    ports: () => members.flatMap(({ port }) => port ?? []),
    lines: () => linesIn(dir),
    open: (gate) => writeFileSync(join(dir, gate), ''),
    get fallen() {
      return fallen
    },
    errors: () =>
      readdirSync(dir)
        .filter((name) => name.endsWith('.errors'))
        .map((name) => readFileSync(join(dir, name), 'utf8'))
        .join(''),
    async stop() {
      stopped = true
      await Promise.all(members.map((member) => member.destroy()))
      ledger?.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
