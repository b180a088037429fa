/** The process of a Worker: workerd runs beside it in its group, on the same port and the same storage each time. */
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bundledWorker, runWorkerd } from '../../workerd'

const { DIR = '', STORE_URL: persist = '', PORT = '0', WORKER = '', LEDGER_URL = '', JOBS = '{}', SWEEP_MS = '0' } = process.env

/** What was killed may still be on its way out. */
async function untilFree(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isTaken = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (!isTaken) return
    await setTimeout(20)
  }
}

/** Bundled at the first start. */
async function codeOf(worker: string): Promise<string> {
  const file = join(DIR, 'worker.mjs')
  if (!existsSync(file)) writeFileSync(file, await bundledWorker(worker))
  return readFileSync(file, 'utf8')
}

const code = await codeOf(WORKER)
if (PORT !== '0') await untilFree(Number(PORT))
const { url } = await runWorkerd(code, {
  ...{ persist, port: Number(PORT), bindings: { LEDGER_URL, JOBS, PID: `${process.pid}` } },
  ...JSON.parse(process.env.BINDINGS ?? '{}'),
})
process.on('disconnect', () => process.exit())
process.send?.({ port: Number(new URL(url).port) })

// In the place of a cron trigger, which comes once a minute.
for (const pauseMs = Number(SWEEP_MS); pauseMs > 0; await setTimeout(pauseMs)) await fetch(`${url}/cdn-cgi/local/scheduled`).catch(() => {})
