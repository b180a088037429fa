#!/usr/bin/env node
import { main } from './cli/main'

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
  // Exits explicitly: keep-alive connections would keep the process running.
  setImmediate(() => process.stdout.write('', () => process.exit(code)))
})
