/** Hears no signal, and its server is a child of it. */
import { spawn } from 'node:child_process'

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => {})
const server = `process.on('SIGTERM', () => {})
require('node:http').createServer((_, res) => res.end()).listen(0, '127.0.0.1', function () {
  console.log('http://127.0.0.1:' + this.address().port)
})`
spawn(process.execPath, ['-e', server], { stdio: 'inherit' })
