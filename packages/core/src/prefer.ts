/** The preferences of a `Prefer` field that are honored (RFC 7240 4.1 to 4.3); all others are ignored, as the RFC requires. */
export interface Preferences {
  readonly respondAsync: boolean
  /** `return=minimal`. */
  readonly minimal: boolean
  /** Seconds; `Infinity` for a bare `wait`. */
  readonly wait?: number
  /** Whether the URL of a `callback` was accepted, see {@link callbackUrl}. */
  readonly callback?: boolean
}

const NONE: Preferences = { respondAsync: false, minimal: false }
/** List elements, split at commas outside quoted strings; then the name and value of one, without its parameters. */
const ELEMENTS = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g
const NAME_AND_VALUE = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;]*))?/

/** Reads a `Prefer` field. Names are case-insensitive, the first occurrence wins, and invalid elements are ignored. */
export function parsePrefer(field: string | null): Preferences {
  if (!field) return NONE
  const seen = new Map<string, string>()
  for (const element of field.match(ELEMENTS) ?? []) {
    const [, name, value = ''] = NAME_AND_VALUE.exec(element) ?? []
    const key = name?.toLowerCase()
    if (key && !seen.has(key)) seen.set(key, unquote(value))
  }
  return {
    respondAsync: seen.has('respond-async'),
    minimal: seen.get('return')?.toLowerCase() === 'minimal',
    wait: seconds(seen.get('wait')),
  }
}

/** The URL of the first `callback; url="…"` (OData 4.01, 8.2.8.3), read only if the route allows it. */
export function callbackUrl(field: string | null): string | undefined {
  const element = field?.match(ELEMENTS)?.find((one) => NAME_AND_VALUE.exec(one)?.[1]?.toLowerCase() === 'callback')
  const [, value] = /;\s*url\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)/i.exec(element ?? '') ?? []
  return value && unquote(value)
}

const unquote = (value: string) => (/^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value)

function seconds(value: string | undefined): number | undefined {
  if (value === '') return Number.POSITIVE_INFINITY
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined
}

/** The `Preference-Applied` field (RFC 7240 3) for the honored preferences, if any. */
export function applied(...honoured: (string | false | undefined)[]): Record<string, string> {
  const list = honoured.filter(Boolean).join(', ')
  return list ? { 'Preference-Applied': list } : {}
}
