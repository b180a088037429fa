import { isPublic, literalOf } from './addresses'

/** What of a target can be told by its URL alone. */
export interface TargetPolicy {
  /** Origins that are sent to whatever they are. */
  readonly allow: readonly string[]
  /** Nothing else is sent to: where no name can be looked up before it is connected to. */
  readonly onlyAllowed: boolean
}

/** Why nothing is sent to `target`, as a sentence; `undefined` where something may be. Addresses behind a name are another matter. */
export function refusal(target: string, { allow, onlyAllowed }: TargetPolicy): string | undefined {
  // The parser of the platform turns every spelling of an address (decimal, octal, hexadecimal, short) into the one that is looked at.
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (!url) return 'It must be an absolute URL.'
  if (url.username !== '' || url.password !== '') return 'It must not contain a user name or a password.'
  if (url.hash !== '') return 'It must not have a fragment.'
  if (allow.includes(url.origin)) return undefined
  if (onlyAllowed) return 'Its origin is not in the list of those that are told.'
  if (url.protocol !== 'https:') return 'It must be an https URL.'
  const literal = literalOf(url)
  if (literal !== undefined ? !isPublic(literal) : isLocalName(url.hostname)) return 'It must have a public address.'
  return undefined
}

/** Names that never lead to the open internet (RFC 6761, RFC 6762, RFC 8375, and what has no dot at all). */
const isLocalName = (name: string): boolean => {
  const bare = name.replace(/\.$/, '').toLowerCase()
  return !bare.includes('.') || /\.(?:localhost|local|internal|invalid|test|example|home\.arpa|onion)$/.test(bare)
}
