import { runAudits, audits } from '/work/main/packages/http-audits/src/index'
import { startReference } from '/work/main/packages/http-audits/test/reference'
import { it } from 'vitest'
it('times', async () => {
  const reference = await startReference()
  const t0 = performance.now(); const c0 = process.cpuUsage()
  const r = await runAudits({ url: reference.url, path: '/jobs', concurrency: Number(process.env.C ?? 16), onResult: (x) => console.log(x.id, x.status, Math.round(performance.now() - t0), x.why ?? '') })
  const c = process.cpuUsage(c0)
  console.log('total', performance.now() - t0, 'cpu', (c.user + c.system) / 1000)
  await reference.close()
}, 60000)
