/** `pnpm start`, then the curl lines of the README. Jobs are kept in `JOBS_DIR`. */
import type { AddressInfo } from 'node:net'
import { wordCounts } from './app.ts'
import { directoryStore } from './directory-store.ts'

const app = await wordCounts(directoryStore(process.env.JOBS_DIR ?? 'jobs'))
const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`)
})
