/** `--serve`: what is printed works as it is, in a shell. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sampleFile } from '@respond-async/example-report/sample-file'
import { FRAMEWORKS } from '../src/frameworks.ts'
import { ROOT } from '../src/sample.ts'
import { demo } from './command.ts'

/** Without curl its lines are printed but not run. */
const hasCurl = spawnSync('curl', ['--version']).status === 0

for (const { name } of FRAMEWORKS)
  test(`${name}: --serve keeps the server running and prints curl lines that work`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'demo-'))
    const file = join(folder, 'report.pdf')
    // The small file: its report is ready within the 25 seconds of the last line on any machine.
    const { child, output, says, exitCode } = demo(name, '--serve', '--file', (await sampleFile('bird-strikes')).path)
    try {
      await says(/ready within 25 seconds:\n.+\n/)
      const lines = output().match(/^(job=|curl ).+$/gm) ?? []
      assert.equal(lines.length, 6)
      if (hasCurl) {
        const script = lines.join('\n').replaceAll('-o report.pdf', `-o ${file}`)
        const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 })
        assert.equal(status, 0, stderr)
        assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d+\/jobs\/[0-9a-f-]{36}\n/)
        assert.equal(stdout.match(/HTTP\/1\.1 20[024] /g)?.length, 3, stdout)
        assert.equal(readFileSync(file).subarray(0, 5).toString(), '%PDF-')
      }
      child.kill('SIGINT')
      assert.equal(await exitCode, 0)
      assert.match(output(), /\nStopped\.\n$/)
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
    }
  })
