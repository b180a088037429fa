import { ok, sameJob } from '../assertions'
import { job } from '../records'
import { storeCase } from '../store-case'

export const closeCases = [
  storeCase('CLS1', 'may be closed twice', async ({ a, b }) => {
    await a.insert(job(1))
    for (const store of [a, a, b, b]) await store.close?.()
  }),
  storeCase(
    'CLS2',
    'keeps what was stored after the handle that stored it is closed',
    async ({ a, b, reopen }) => {
      const first = job(1, { requestBody: 'in', idempotencyKey: 'key' })
      await a.insert(first)
      await a.close?.()
      if (b !== a) sameJob(await b.get(first.id, 'full'), first, 'the job, read through the other handle')
      await b.close?.()
      ok(reopen || b !== a, 'to try out capabilities.durable, open() has to give reopen(), or two handles')
      const again = await reopen?.()
      if (!again) return
      sameJob(await again.get(first.id, 'full'), first, 'the job, read after it was opened again')
      ok(!(await again.insert(job(2, { idempotencyKey: 'key' }))).inserted, 'the key should still be taken after it was opened again')
      await again.close?.()
    },
    'durable',
  ),
]
