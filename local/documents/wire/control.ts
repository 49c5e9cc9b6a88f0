import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { answerControl } from '#local/fault-control.ts'
import { readBody } from '#local/stand-in-server.ts'
import { type DocumentFaults, faultOrder } from '../faults.ts'

const MAX_CONTROL_BYTES = 1024 * 1024
const DOCUMENTS = /^\/emulator\/v1\/(projects\/[^/]+\/databases\/[^/]+)\/documents$/

/**
 * What plain HTTP on the gRPC port is answered: `GET /` for readiness probes and `DELETE /emulator/v1/…/documents`, both as
 * by Google's emulator, and `/_control/faults`. Listens on no port of its own.
 */
export function controlServer(params: {
  faults: DocumentFaults
  /** Removes every document of projects/P/databases/D. */
  clear(database: string): Promise<void>
}): Server {
  const { faults, clear } = params
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET' } = request
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://documents').pathname)
    const database = DOCUMENTS.exec(path)?.[1]
    response.setHeader('connection', 'close')
    if (method === 'DELETE' && database !== undefined) {
      await clear(database)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    } else if (path.startsWith('/_control/')) {
      const body = (await readBody(request, MAX_CONTROL_BYTES)) ?? Buffer.alloc(0)
      answerControl({ method, path, body, response, faults, faultOrder, requests: [] })
    } else {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('Ok\n')
    }
  }
  // A caller that hung up, a path that is none, a log that cannot be written: the connection's end says enough.
  return createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
}
