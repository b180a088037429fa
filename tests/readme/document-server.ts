import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What the documents end their servers with. */
const LISTEN = 'app.listen(3000)'

export interface DocumentServer {
  /** `127.0.0.1:<port>` */
  readonly host: string
  stop(): void
}

/**
 * Runs a server of a document as a process of its own, on a free port in the place of the one in the text.
 * `given`: imports for the names that its reader brings, from this folder.
 */
export async function startDocumentServer(code: readonly string[], given = '', env: NodeJS.ProcessEnv = {}): Promise<DocumentServer> {
  const text = code.join('\n')
  if (!text.includes(LISTEN)) throw new Error(`This server has no ${LISTEN}`)
  const contents = `${given}\n${text.replace(LISTEN, 'const server = app.listen(0, () => process.send(server.address()))')}`
  const resolveDir = fileURLToPath(new URL('.', import.meta.url))
  const built = await build({
    ...{ stdin: { contents, loader: 'ts', resolveDir }, bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'error' },
    ...{ external: ['express'], conditions: ['@respond-async/source'] },
  })
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: resolveDir,
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  })
  child.stdin?.end(built.outputFiles[0]?.text)
  const ended = once(child, 'exit').then(() => {
    throw new Error('The server ended before it listened.')
  })
  ended.catch(() => {}) // later on it is meant to end
  const [address] = (await Promise.race([once(child, 'message'), ended])) as [AddressInfo]
  return { host: `127.0.0.1:${address.port}`, stop: () => child.kill() }
}
