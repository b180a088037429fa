import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type BlobStore, JobsError } from '@respond-async/core'

/**
 * Stores large bodies in files: a directory per job, a file per chunk. For the `blobs` option of `createJobs`, beside a store that has no
 * place for large bodies. Every process that serves or runs the jobs must have access to the directory: one machine, or a shared file
 * system.
 *
 * A chunk is complete or absent, even after a power failure: it is written under another name, synced, then renamed.
 *
 * @param directory created if missing, accessible only to this user
 * @throws {JobsError} `invalid_option`
 */
export function fileBlobs(directory: string): BlobStore {
  if (typeof directory !== 'string' || directory === '')
    throw new JobsError('invalid_option', "fileBlobs needs a directory: fileBlobs('/var/lib/app/bodies')")
  const root = resolve(directory) // the process may change its working directory
  const homeOf = (id: string) => join(root, segmentOf(id))
  const fileOf = (name: string, index: number) => `${segmentOf(name)}.${index}`
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      const home = homeOf(id)
      const unfinished = join(home, `${fileOf(name, index)}.${randomUUID()}`)
      try {
        await mkdir(home, { recursive: true, mode: 0o700 }) // its name is the id of a job
        await writeSynced(unfinished, chunk)
        await rename(unfinished, join(home, fileOf(name, index)))
        await syncDirectory(home)
        if (index === 0) await syncDirectory(root) // the job's own directory may be new
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => {}) // the first error is the one to report
        throw meaningOf(error)
      }
    },
    async read(id, name, index) {
      try {
        const { buffer, byteOffset, length } = await readFile(join(homeOf(id), fileOf(name, index)))
        return new Uint8Array(buffer, byteOffset, length)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null
        throw error
      }
    },
    async remove(id, keep) {
      const home = homeOf(id)
      // Retries if something was written meanwhile: a directory that is not empty cannot be removed.
      if (keep === undefined) return rm(home, { recursive: true, force: true, maxRetries: 50, retryDelay: 1 })
      const kept = `${segmentOf(keep)}.`
      for (const file of await filesIn(home)) if (!file.startsWith(kept)) await rm(join(home, file), { force: true })
    },
  }
}

/**
 * A unique and safe file name on every file system: some ignore case, some drop trailing dots, and `..` is special everywhere. Names
 * that core makes are used unchanged, others are hashed.
 */
const segmentOf = (text: string): string =>
  /^[a-z\d_-]{1,128}$/.test(text) ? text : `~${createHash('sha256').update(JSON.stringify(text)).digest('hex')}`

async function writeSynced(path: string, chunk: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(chunk)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Makes a rename durable. Windows cannot sync directories and need not. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function filesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

const codeOf = (error: unknown) => (Object(error) as NodeJS.ErrnoException).code

function meaningOf(error: unknown): unknown {
  if (!['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')) return error
  return new JobsError('store_full', 'The disk for bodies is full.', { cause: error })
}
