import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { FinalError } from '../errors/app-error.ts'
import { isPublicAddress } from './address-ranges.ts'

/** Signed URLs reach 3,000 characters; beyond this nobody means well. */
const MAX_URL_LENGTH = 8_192

/** Names that only mean something inside a network. Their addresses would be refused as well; the sentence is better here. */
const INTERNAL_NAME = /(^|\.)(localhost|localdomain|local|internal|intranet|private|corp|home|lan|home\.arpa)$/

export type ResolveHost = (host: string) => Promise<LookupAddress[]>

export interface AddressGuardOptions {
  /** `host:port` that may be private and plain http: the local cloud and tests, never set in production. */
  allowHosts?: readonly string[]
  /** Ports that may be asked. Others are how a URL reaches mail, databases and admin pages. */
  ports?: readonly number[]
  resolve?: ResolveHost
}

/** Decides which URLs and addresses people may send us to. Every method throws a `FinalError` with a code `guard.…`. */
export interface AddressGuard {
  /** Checks what the URL says, before any look-up. */
  checkUrl(url: string | URL): URL
  /** Checks an address that `host` resolved to, or that its socket is connected to. */
  checkAddress(host: string, address: string): void
  /** Whether `host:port` is on the list of exceptions. */
  isExempt(host: string, port: number): boolean
  resolve: ResolveHost
}

/**
 * The guard for URLs that come from people. `checkUrl` alone is not enough: names can resolve to anything, and to something
 * else the next moment; give the guard to `createHttpClient`, which checks each hop and each connected socket.
 */
export function createAddressGuard(options: AddressGuardOptions = {}): AddressGuard {
  const allowed = new Set(options.allowHosts?.map((host) => host.toLowerCase().replace(/^\[|\](?=:)/g, '')))
  const ports = new Set(options.ports ?? [443])
  const resolve = options.resolve ?? ((host) => lookup(host, { all: true }))
  // A URL writes IPv6 in brackets, a socket's options don't.
  const isExempt = (host: string, port: number): boolean =>
    allowed.has(`${host.toLowerCase().replace(/^\[|\]$/g, '')}:${port}`)

  function checkUrl(input: string | URL): URL {
    const url = parseUrl(input)
    if (url.username !== '' || url.password !== '')
      throw refuse('guard.credentials', 'must not contain a user or password')
    if (/^https?:$/.test(url.protocol) && isExempt(url.hostname, portOf(url))) return url
    if (url.protocol !== 'https:') throw refuse('guard.scheme', 'must begin with https://')
    checkHost(url.hostname, typeof input === 'string' ? input : null)
    if (!ports.has(portOf(url))) throw refuse('guard.port', `must not use port ${portOf(url)}`)
    return url
  }

  function checkAddress(host: string, address: string): void {
    if (!isPublicAddress(address)) {
      throw refuse('guard.address', `must lead to a public server, but ${host} is at an internal address`, {
        host,
        address,
      })
    }
  }

  /** `raw` is the text as it was given, where there is one: the parsed URL no longer shows a disguise. */
  function checkHost(hostname: string, raw: string | null): void {
    const literal = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    if (isIP(literal) !== 0) {
      if (raw !== null && !raw.toLowerCase().includes(literal)) {
        throw refuse('guard.host', 'must write its address in the usual way')
      }
      checkAddress(literal, literal)
      return
    }
    if (hostname.endsWith('.')) throw refuse('guard.host', 'must not have a dot at the end of its host')
    if (!hostname.includes('.') || INTERNAL_NAME.test(hostname)) {
      throw refuse('guard.host', `must lead to a public server, and ${hostname} is an internal name`, {
        host: hostname,
      })
    }
  }

  return { checkUrl, checkAddress, isExempt, resolve }
}

/** The port that a URL means. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'http:' ? 80 : 443
}

function parseUrl(input: string | URL): URL {
  if (typeof input !== 'string') return input
  if (input.length > MAX_URL_LENGTH) throw refuse('guard.url', 'is too long')
  // URL parsers drop or bend these, each in its own way; that difference is what such a URL lives on.
  const authority = input.split(/[?#]/, 1)[0] ?? ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(input) || authority.includes('\\')) {
    throw refuse('guard.url', 'must not contain spaces, control characters or backslashes')
  }
  const url = URL.parse(input)
  if (url === null || url.hostname === '') throw refuse('guard.url', 'is not a complete web address')
  return url
}

function refuse(code: `guard.${string}`, what: string, facts: Record<string, unknown> = {}): FinalError {
  return new FinalError({ code, message: `This URL is not allowed: it ${what}.`, facts })
}
