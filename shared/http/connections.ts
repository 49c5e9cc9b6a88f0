import type { LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import type { AddressGuard } from './address-guard.ts'

/**
 * Idle sockets are closed before the usual 5 s of a server's own limit: a request that goes out just as the server closes its
 * socket is lost without a trace.
 */
const IDLE_SOCKET_MS = 4_000

/** The pools that a client's requests take their sockets from. */
export interface Connections {
  /**
   * `reuse: false` gives a socket of its own: what must not be sent twice must not meet a kept socket that dies under it,
   * for then nobody can say whether the request was carried out.
   */
  agentFor(url: URL, reuse: boolean): http.Agent
  close(): void
}

/** Opens pools whose every new socket passes `guard`, if there is one, before a byte is sent. No proxy: it would hide the address. */
export function openConnections(guard: AddressGuard | null): Connections {
  const kept = { keepAlive: true, timeout: IDLE_SOCKET_MS }
  const agents = {
    'http:': { kept: guarded(new http.Agent(kept), guard), fresh: guarded(new http.Agent(), guard) },
    'https:': { kept: guarded(new https.Agent(kept), guard), fresh: guarded(new https.Agent(), guard) },
  }
  return {
    agentFor(url, reuse) {
      const pair = url.protocol === 'http:' ? agents['http:'] : agents['https:']
      return reuse ? pair.kept : pair.fresh
    },
    close() {
      for (const { kept, fresh } of Object.values(agents)) {
        kept.destroy()
        fresh.destroy()
      }
    },
  }
}

function guarded<A extends http.Agent>(agent: A, guard: AddressGuard | null): A {
  if (guard === null) return agent
  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const host = String(options.host ?? '')
    if (guard.isExempt(host, Number(options.port))) return createConnection(options, callback)
    const socket = createConnection({ ...options, lookup: guardedLookup(guard) } as typeof options, callback)
    if (socket !== null && socket !== undefined) checkWhenConnected(socket as Socket, host, guard)
    return socket
  }
  return agent
}

/** A look-up that fails if any of the name's addresses is forbidden: a name that mixes them is an attack. */
export function guardedLookup(guard: AddressGuard): LookupFunction {
  return (host, options, callback) => {
    resolveChecked(guard, host).then(
      (addresses) => {
        const [first] = addresses
        if (options.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error) => callback(error, []),
    )
  }
}

async function resolveChecked(guard: AddressGuard, host: string): Promise<[LookupAddress, ...LookupAddress[]]> {
  const [first, ...others] = await guard.resolve(host)
  if (first === undefined) throw Object.assign(new Error(`No address for ${host}`), { code: 'ENOTFOUND' })
  for (const { address } of [first, ...others]) guard.checkAddress(host, address)
  return [first, ...others]
}

/**
 * The last word: the address that the kernel really connected to, whatever the look-up said. The listener stands before
 * Node's own, which start TLS or flush the request.
 */
export function checkWhenConnected(socket: Socket, host: string, guard: AddressGuard): void {
  socket.prependOnceListener('connect', () => {
    try {
      guard.checkAddress(host, socket.remoteAddress ?? 'no address')
    } catch (error) {
      socket.destroy(error as Error)
    }
  })
}
