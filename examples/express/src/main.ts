import type { AddressInfo } from 'node:net'
import { app } from './app.ts'

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`http://127.0.0.1:${port}/sums takes a CSV file in the field "file"; see README.md for what to send.`)
})
