import { isPublic, literalOf } from './addresses'

/** Which URLs are allowed as targets. */
export interface TargetPolicy {
  /** Origins that are always allowed. */
  readonly allow: readonly string[]
  /** Whether all others are refused, because host names cannot be resolved before connecting. */
  readonly onlyAllowed: boolean
}

/** Why `target` is refused, as a sentence; `undefined` if it is allowed. Looks at the URL only, not at the addresses of a host name. */
export function refusal(target: string, { allow, onlyAllowed }: TargetPolicy): string | undefined {
  // The URL parser normalizes every spelling of an IP address (decimal, octal, hexadecimal, short).
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (!url) return 'It must be an absolute URL.'
  if (url.username !== '' || url.password !== '') return 'It must not contain a user name or a password.'
  if (url.hash !== '') return 'It must not have a fragment.'
  if (allow.includes(url.origin)) return undefined
  if (onlyAllowed) return 'Its origin is not in the list of allowed ones.'
  if (url.protocol !== 'https:') return 'It must be an https URL.'
  const literal = literalOf(url)
  if (literal !== undefined ? !isPublic(literal) : isLocalName(url.hostname)) return 'It must have a public address.'
  return undefined
}

/** Whether a name is never public (RFC 6761, RFC 6762, RFC 8375, or without a dot). */
const isLocalName = (name: string): boolean => {
  const bare = name.replace(/\.$/, '').toLowerCase()
  return !bare.includes('.') || /\.(?:localhost|local|internal|invalid|test|example|home\.arpa|onion)$/.test(bare)
}
