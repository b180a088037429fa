import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { SubmitInit } from '../submission'
import { type Arguments, UsageError } from './arguments'

/** The request that the arguments describe. */
export async function messageOf({ method, json, data, form, header }: Arguments): Promise<SubmitInit> {
  const headers = await headersOf(header)
  if (json !== undefined) {
    const body = await textOf(json)
    if (!isJson(body)) throw new UsageError('The value of --json is not valid JSON.')
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return { method, headers, body }
  }
  if (data !== undefined) {
    if (!headers.has('content-type'))
      headers.set('content-type', data.startsWith('@') ? 'application/octet-stream' : 'text/plain;charset=UTF-8')
    return { method, headers, body: await contentOf(data) }
  }
  return form.length === 0 ? { method, headers } : { method, headers, body: await formOf(form) }
}

export async function headersOf(given: readonly string[]): Promise<Headers> {
  const headers = new Headers()
  for (const one of given) {
    const lines = one.startsWith('@') ? (await textOf(one)).split(/\r?\n/) : [one]
    for (const line of lines) {
      if (line.trim() === '') continue
      const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? []
      // The message does not show the value, which may be a secret.
      if (!name || !isField(name, value)) throw new UsageError('--header must be "Name: value", in ASCII or Latin-1.')
      headers.append(name, value)
    }
  }
  return headers
}

/** Stricter than `Headers`, which accepts control characters that `fetch` cannot send. */
const isField = (name: string, value: string) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

async function formOf(fields: readonly string[]): Promise<FormData> {
  const form = new FormData()
  for (const field of fields) {
    const [, name, value = ''] = /^([^=]+)=([\s\S]*)$/.exec(field) ?? []
    if (!name) throw new UsageError('--form must be NAME=VALUE or NAME=@file.')
    if (value.startsWith('@')) form.append(name, new Blob([await contentOf(value)]), basename(value.slice(1)))
    else form.append(name, value)
  }
  return form
}

/** Without the byte order mark that editors and shells of Windows put in front: it is no part of what is meant. */
const textOf = async (value: string): Promise<string> => new TextDecoder().decode(await contentOf(value))

/** The value itself, or the content of `@file`, or of stdin for `@-`. */
async function contentOf(value: string): Promise<Buffer<ArrayBuffer>> {
  if (!value.startsWith('@')) return Buffer.from(value)
  if (value === '@-') return Buffer.from(await buffer(process.stdin))
  try {
    return Buffer.from(await readFile(value.slice(1)))
  } catch (error) {
    throw new UsageError(`${value.slice(1)} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
