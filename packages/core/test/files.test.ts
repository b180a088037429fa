import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { fileBlobs } from '../src/files'

/** A blob store in a directory that is not there yet, and all files around it. */
async function opened() {
  const around = await mkdtemp(join(tmpdir(), 'file-blobs-'))
  onTestFinished(() => rm(around, { recursive: true, force: true }))
  const directory = join(around, 'a', 'bodies')
  const files = async (of = around) => (await readdir(of, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  return { directory, around, files, blobs: fileBlobs(directory) }
}
const bytes = (...values: number[]) => new Uint8Array(values)

it('gives back what was written, to another process too, and null for what was not', async () => {
  const { blobs, directory } = await opened()
  const large = new Uint8Array(262_144).map((_, at) => (at * 31) & 255)
  await blobs.write('job', 'request', 0, large)
  await blobs.write('job', 'request', 1, large.subarray(100, 103))
  await blobs.write('job', 'response-1', 0, bytes())
  const other = fileBlobs(directory)
  expect(await other.read('job', 'request', 0)).toEqual(large)
  expect(await other.read('job', 'request', 1)).toEqual(large.slice(100, 103))
  expect(await other.read('job', 'response-1', 0)).toEqual(bytes())
  for (const [id, name, index] of [
    ['job', 'request', 2],
    ['job', 'response-2', 0],
    ['nobody', 'request', 0],
  ] as const)
    expect(await other.read(id, name, index)).toBeNull()
})

it('writes a chunk again, and leaves nothing half written beside it', async () => {
  const { blobs, files } = await opened()
  await Promise.all(Array.from({ length: 20 }, (_, n) => blobs.write('job', 'request', 0, new Uint8Array(100_000).fill(n))))
  const chunk = await blobs.read('job', 'request', 0)
  expect(chunk).toEqual(new Uint8Array(100_000).fill(chunk?.[0] ?? 255))
  await blobs.write('job', 'request', 0, bytes(1, 2))
  expect(await blobs.read('job', 'request', 0)).toEqual(bytes(1, 2))
  expect(await files()).toHaveLength(1)
})

it('removes the bodies of a job, but for the one to keep, and those of no other job', async () => {
  const { blobs, files, directory } = await opened()
  const names = ['request', 'response-1', 'response-10', 'response-1.5']
  for (const id of ['a', 'b']) for (const name of names) for (const index of [0, 1]) await blobs.write(id, name, index, bytes(index))
  await blobs.remove('a', 'response-1')
  const left = async (id: string) => Promise.all(names.map(async (name) => (await blobs.read(id, name, 1)) !== null))
  expect(await left('a')).toEqual([false, true, false, false])
  expect(await left('b')).toEqual([true, true, true, true])
  await blobs.remove('a')
  expect(await left('a')).toEqual([false, false, false, false])
  expect(await readdir(directory)).toEqual(['b'])
  expect(await files()).toHaveLength(8)
  await blobs.remove('nobody')
  await blobs.remove('nobody', 'request')
})

it('removes the bodies of a job that somebody still writes to', async () => {
  const { blobs } = await opened()
  const names = ['response-1', 'response-2', 'response-3', 'response-4']
  let writing = names.length
  const writer = async (name: string) => {
    // Whoever writes into a directory that goes is told so.
    for (let index = 0; index < 50; index++) await blobs.write('job', name, index, bytes(index)).catch(() => {})
    writing--
  }
  const writers = names.map(writer)
  while (writing > 0) await blobs.remove('job')
  await Promise.all(writers)
})

it.each([
  '..',
  '.',
  '...',
  '../other',
  '../../other',
  '/etc',
  'a/../..',
  '..\\other',
  'a\0b',
  '',
  '~',
  'a.',
  'x'.repeat(300),
  'é',
  '%2e%2e',
])('stays in its directory, whatever an id or a name is: %j', async (odd) => {
  const { blobs, around, directory, files } = await opened()
  await mkdir(join(around, 'other'))
  await writeFile(join(around, 'other', 'request.0'), 'mine')
  await blobs.write(odd, 'request', 0, bytes(1))
  await blobs.write('job', odd, 0, bytes(2))
  expect(await blobs.read(odd, 'request', 0)).toEqual(bytes(1))
  expect(await blobs.read('job', odd, 0)).toEqual(bytes(2))
  const own = (await files(directory)).map(({ parentPath, name }) => join(parentPath, name))
  expect(own.map((path) => dirname(dirname(path)))).toEqual([directory, directory])
  expect(await readdir(join(around, 'a'))).toEqual([basename(directory)])
  await blobs.remove(odd)
  expect(await blobs.read('job', odd, 0)).toEqual(bytes(2))
  await blobs.remove('job', 'none')
  expect(await files()).toHaveLength(1)
  expect(await readFile(join(around, 'other', 'request.0'), 'utf8')).toBe('mine')
})

it('keeps ids apart that a file system may take for the same', async () => {
  const { blobs, directory } = await opened()
  const ids = ['job', 'Job', 'JOB', 'job.', 'job ', 'jöb', 'jo\u0308b', '\ud800', '\ud801']
  for (const [n, id] of ids.entries()) await blobs.write(id, 'request', 0, bytes(n))
  for (const [n, id] of ids.entries()) expect(await blobs.read(id, 'request', 0), JSON.stringify(id)).toEqual(bytes(n))
  const names = await readdir(directory)
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ids.length)
  for (const name of names) expect(name).toMatch(/^(?:job|~[\da-f]{64})$/)
})

it('throws what the file system says, and keeps the chunk that was there', async () => {
  const { blobs, directory } = await opened()
  await blobs.write('job', 'request', 0, bytes(1))
  await mkdir(join(directory, 'job', 'request.1'))
  await expect(blobs.write('job', 'request', 1, bytes(2))).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(blobs.read('job', 'request', 1)).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await readdir(join(directory, 'job'))).toEqual(['request.0', 'request.1'])
  await writeFile(join(directory, 'file'), '')
  await expect(blobs.write('file', 'request', 0, bytes(2))).rejects.toMatchObject({ code: 'EEXIST', syscall: 'mkdir' })
  expect(await blobs.read('job', 'request', 0)).toEqual(bytes(1))
})

it.skipIf(process.platform === 'win32')('shows nobody else on the machine the bodies, or the ids of jobs', async () => {
  const { blobs, directory } = await opened()
  await blobs.write('job', 'request', 0, bytes(1))
  const modeOf = async (...path: string[]) => ((await stat(join(directory, ...path))).mode & 0o777).toString(8)
  expect([await modeOf(), await modeOf('job'), await modeOf('job', 'request.0')]).toEqual(['700', '700', '600'])
})

it('stays where it was when the process goes to another directory', async () => {
  const { around } = await opened()
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(around)
  const blobs = fileBlobs('bodies')
  await blobs.write('job', 'request', 0, bytes(1))
  process.chdir(before)
  expect(await blobs.read('job', 'request', 0)).toEqual(bytes(1))
})

it('wants a directory', () => {
  for (const directory of ['', undefined])
    expect(() => fileBlobs(directory as never)).toThrow(expect.objectContaining({ name: 'JobsError', code: 'invalid_option' })) // misuse on purpose
})
