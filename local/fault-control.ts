import type { ServerResponse } from 'node:http'
import type { z } from 'zod'
import type { FaultOrder, FaultQueue } from './fault-queue.ts'

/**
 * A stand-in's own endpoint, for tests in other processes: `POST /_control/faults` (a fault order), `GET` (with how often
 * each fired), `DELETE`; `GET /_control/requests`.
 */
export function answerControl<Fault, Endpoint extends string>(params: {
  method: string
  path: string
  body: Buffer
  response: ServerResponse
  faults: FaultQueue<Fault, Endpoint>
  faultOrder: z.ZodType<FaultOrder<Fault, Endpoint>>
  requests: readonly unknown[]
}): void {
  const { method, path, body, response, faults, faultOrder, requests } = params
  const send = (status: number, value: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
  switch (`${method} ${path}`) {
    case 'POST /_control/faults': {
      const order = faultOrder.safeParse(parseJson(body))
      if (order.success) send(201, faults.inject(order.data))
      else send(400, { error: order.error.issues })
      break
    }
    case 'GET /_control/faults':
      send(200, faults.all())
      break
    case 'DELETE /_control/faults':
      faults.clear()
      send(200, [])
      break
    case 'GET /_control/requests':
      send(200, requests)
      break
    default:
      send(404, { error: `No ${method} ${path}` })
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}
