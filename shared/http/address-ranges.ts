import { BlockList, isIPv4, isIPv6 } from 'node:net'

/** IPv4 that no public server has (IANA special-purpose registry), and cloud addresses that only look public. */
const FORBIDDEN_IPV4 = [
  ['0.0.0.0', 8], // "this host"; Linux connects it to loopback
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT; one cloud's metadata server too (100.100.100.200)
  ['127.0.0.0', 8],
  ['168.63.129.16', 32], // a cloud's host agent on an address that is public by registry
  ['169.254.0.0', 16], // link-local, with the metadata servers
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments; one cloud's metadata server too (192.0.0.192)
  ['192.0.2.0', 24],
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['199.36.153.0', 24], // Google APIs as seen from inside a VPC
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
] as const

/**
 * IPv6 inside global unicast that hides something else. All outside 2000::/3 (loopback, mapped and compatible IPv4, NAT64,
 * unique-local, link-local, multicast) is refused without a list.
 */
const FORBIDDEN_IPV6 = [
  ['2001::', 23], // protocol assignments, Teredo among them: carries an IPv4 address
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4: carries an IPv4 address
  ['3fff::', 20], // documentation
] as const

const forbidden4 = new BlockList()
for (const [net, prefix] of FORBIDDEN_IPV4) forbidden4.addSubnet(net, prefix, 'ipv4')
const forbidden6 = new BlockList()
for (const [net, prefix] of FORBIDDEN_IPV6) forbidden6.addSubnet(net, prefix, 'ipv6')
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/**
 * Whether an IP address (text, as sockets and resolvers give it) belongs to a public server. Anything that is not plainly so
 * is not: an IPv6 form with an IPv4 address inside has no honest use as somebody's web server.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !forbidden4.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return false
  return global6.check(address, 'ipv6') && !forbidden6.check(address, 'ipv6')
}
