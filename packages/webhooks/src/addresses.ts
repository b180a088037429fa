import ipaddr from 'ipaddr.js'

/**
 * Whether an address is one of the open internet. Everything that a registry has set aside is not (IANA special-purpose
 * registries, RFC 6890): private, loopback, link-local with the metadata services of clouds, carrier-grade NAT, multicast, and the IPv6
 * forms that carry an IPv4 address within them (mapped, translated, 6to4, Teredo).
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (INSIDE.has(parsed.toString())) return false
  return parsed.range() === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST))
}

/** Of the open internet by its number only: Azure's host, with its metadata, answers there to every machine in its network. */
const INSIDE = new Set(['168.63.129.16'])

/** All that has been given out of IPv6 (RFC 4291 2.4); `::10.0.0.1` for one is not in it. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/** The host of a URL as an address, without the brackets of IPv6; `undefined` where it is a name. */
export function literalOf({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return ipaddr.isValid(bare) ? bare : undefined
}
