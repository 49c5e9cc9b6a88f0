import type { IncomingMessage, ServerResponse } from 'node:http'
import { type BucketFaults, dueFault, sufferFault } from './faults.ts'
import { type Call, header, parseCall } from './http/call.ts'
import { ApiFailure, notSupported } from './http/failure.ts'
import { type Dialect, failureReply, type Reply, sendReply } from './http/reply.ts'
import { findRoute, type Route } from './http/router.ts'

export interface AnswerContext {
  routes: readonly Route[]
  faults: BucketFaults
  /** Told of failures that are the server's own. */
  onError(error: unknown): void
}

/** Brings one request to its answer: the only place where handlers are called and where their failures become replies. */
export async function answerCall(
  context: AnswerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const call = parseCall(request)
  try {
    const reply = await decideReply(context, call)
    if (reply !== null) await sendReply(reply, call, response)
  } catch (error) {
    // The headers are gone: cutting the connection is the only honest way left to say that the body is not whole.
    context.onError(error)
    response.destroy()
  }
}

/** Null where an injected fault lets no answer out. */
async function decideReply({ routes, faults, onError }: AnswerContext, call: Call): Promise<Reply | null> {
  let dialect: Dialect = 'json'
  try {
    const found = findRoute(routes, call)
    if (found === null) throw noSuchMethod(call)
    // Bytes that can be read without their key are not what was asked for.
    if (header(call, 'x-goog-encryption-key') !== null) throw notSupported('customer-supplied keys')
    dialect = call.query.get('alt') === 'media' && found.route.dialect === 'json' ? 'text' : found.route.dialect
    const work = () => found.route.handle(call, found.params)
    const due = dueFault(faults, call)
    return due === null ? await work() : await sufferFault(due, call, work)
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
