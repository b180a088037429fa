#!/usr/bin/env node
import { main } from './cli/main'

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
  // Connections that are kept for another request would keep the process.
  setImmediate(() => process.stdout.write('', () => process.exit(code)))
})
