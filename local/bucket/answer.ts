import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Call, parseCall } from './call.ts'
import { ApiFailure } from './failure.ts'
import { type Dialect, failureReply, type Reply, sendReply } from './reply.ts'
import { findRoute, type Route } from './router.ts'

/** Brings one request to its answer: the only place where handlers are called and where their failures become replies. */
export async function answerCall(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  const call = parseCall(request)
  try {
    const reply = await decideReply(routes, call, onError)
    await sendReply(reply, call, response)
  } catch (error) {
    // The headers are gone: cutting the connection is the only honest way left to say that the body is not whole.
    onError(error)
    response.destroy()
  }
}

async function decideReply(routes: readonly Route[], call: Call, onError: (error: unknown) => void): Promise<Reply> {
  let dialect: Dialect = 'json'
  try {
    const found = findRoute(routes, call)
    if (found === null) throw noSuchMethod(call)
    dialect = call.query.get('alt') === 'media' && found.route.dialect === 'json' ? 'text' : found.route.dialect
    return await found.route.handle(call, found.params)
  } catch (error) {
    return failureReply(asApiFailure(error, call, onError), dialect)
  }
}

function asApiFailure(error: unknown, call: Call, onError: (error: unknown) => void): ApiFailure {
  if (error instanceof ApiFailure) return error
  // A caller that hung up in mid-body is its own affair; nobody is left to read the answer.
  if (!call.request.socket.destroyed) onError(error)
  return new ApiFailure({ status: 500, reason: 'backendError', message: 'Backend Error' })
}

/** Also the answer to methods of the real API that are not served here, so it says which it was. */
function noSuchMethod({ method, rawPath }: Call): ApiFailure {
  return new ApiFailure({
    status: 404,
    reason: 'notFound',
    message: `The local bucket server has nothing at ${method} ${rawPath}.`,
  })
}
