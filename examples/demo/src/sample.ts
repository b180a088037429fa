import { openAsBlob } from 'node:fs'
import { basename, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sampleFile } from '@respond-async/example-report/sample-file'
import { DemoError } from './demo-error.ts'

/** The root of the repository: where the demo is started, and where its reports go. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The file that is uploaded. */
export interface Sample {
  readonly name: string
  /** From the root of the repository, as somebody there would type it. */
  readonly path: string
  readonly type: string
  readonly blob: Blob
}

export async function openSample(given: string | undefined): Promise<Sample> {
  const { path, type } = given === undefined ? await sampleFile() : { path: resolve(given), type: 'application/octet-stream' }
  try {
    return { name: basename(path), path: relative(ROOT, path), type, blob: await openAsBlob(path, { type }) }
  } catch (cause) {
    throw new DemoError(`The file ${path} cannot be read.`, { cause })
  }
}
