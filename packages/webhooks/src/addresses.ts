import ipaddr from 'ipaddr.js'

/**
 * Whether an address is public. Those in the IANA special-purpose registries (RFC 6890) are not: private, loopback, link-local with the
 * metadata services of clouds, carrier-grade NAT, multicast, and IPv6 forms that contain an IPv4 address (mapped, translated, 6to4,
 * Teredo).
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (INSIDE.has(parsed.toString())) return false
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST))
}

/** Looks public, but is the Azure host, which serves metadata to every machine in its network. */
const INSIDE = new Set(['168.63.129.16'])

/** All IPv6 addresses that have been allocated (RFC 4291 2.4); `::10.0.0.1`, for one, is not among them. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/** The IP address in a URL, without the brackets of IPv6; `undefined` if the host is a name. */
export function literalOf({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(bare) ? bare : undefined
}
