import { type BlobStore, JobsError } from '@respond-async/core'
import { checkNoOthers } from '@respond-async/core/store'

/** The part of an R2 binding, `env.BUCKET`, that is used. */
export interface BlobBucket {
  put(key: string, value: Uint8Array): Promise<unknown>
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>
  list(options: { prefix: string; cursor?: string }): Promise<{ objects: { key: string }[]; truncated: boolean; cursor?: string }>
  delete(keys: string[]): Promise<void>
}

/** Options of {@link r2Blobs}. */
export interface R2BlobsOptions {
  /** Prefix of the object keys, for a bucket that also holds other objects. @default 'jobs/' */
  prefix?: string | undefined
}

/**
 * Stores large bodies in an R2 bucket, one object per chunk: `jobs/<id>/<name>/<index>`. For `createJobs({ store, blobs })` beside a
 * store whose own limit is too low, such as D1 or Durable Objects with many large results.
 *
 * @throws {JobsError} `invalid_option`
 */
export function r2Blobs(bucket: BlobBucket, { prefix = 'jobs/', ...others }: R2BlobsOptions = {}): BlobStore {
  checkNoOthers('r2Blobs', others)
  if (typeof bucket?.put !== 'function')
    throw new JobsError('invalid_option', 'r2Blobs needs the binding of a bucket, r2Blobs(env.BUCKET), named in wrangler.jsonc.')
  const home = (id: string) => `${prefix}${id}/`
  const key = (id: string, name: string, index: number) => `${home(id)}${name}/${index}`
  return {
    maxBodyBytes: null,
    async write(id, name, index, chunk) {
      await bucket.put(key(id, name, index), chunk)
    },
    async read(id, name, index) {
      const object = await bucket.get(key(id, name, index))
      return object && new Uint8Array(await object.arrayBuffer())
    },
    async remove(id, keep) {
      for (let cursor: string | undefined; ; ) {
        const page = await bucket.list({ prefix: home(id), cursor })
        const keys = page.objects.map((object) => object.key).filter((one) => keep === undefined || !one.startsWith(`${home(id)}${keep}/`))
        if (keys.length > 0) await bucket.delete(keys)
        if (!page.truncated) return
        cursor = page.cursor
      }
    },
  }
}
