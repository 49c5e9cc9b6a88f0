import { z } from 'zod'

export type ClipDropEndpoint = 'remove-background' | 'upscale'

/** What can go wrong on demand. Those marked "paid" do the work and take the credit first. */
const faultKind = z.discriminatedUnion('kind', [
  /** Any status with the documented body, e.g. 402, 403, 429, 500; with `html` a gateway's page instead. */
  z.strictObject({
    kind: z.literal('status'),
    status: z.int().min(300).max(599),
    html: z.boolean().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** A page with status 200. */
  z.strictObject({ kind: z.literal('html') }),
  /** `{"error": …}` with status 200. */
  z.strictObject({ kind: z.literal('json') }),
  /** Paid. The announced length, half the bytes, then the end of the connection. */
  z.strictObject({ kind: z.literal('cut-body') }),
  /** Paid. Half a picture under an honest length. */
  z.strictObject({ kind: z.literal('half-picture') }),
  /** Paid. The right picture under another content type. */
  z.strictObject({ kind: z.literal('wrong-type'), contentType: z.string().optional() }),
  /** Paid. Noise under the right content type. */
  z.strictObject({ kind: z.literal('noise') }),
  /** Paid. A picture of other dimensions. */
  z.strictObject({ kind: z.literal('wrong-size'), width: z.int().positive(), height: z.int().positive() }),
  /** Paid. The picture without its alpha channel, as JPEG. */
  z.strictObject({ kind: z.literal('no-alpha') }),
  /** Paid. Credit headers that say nothing usable. */
  z.strictObject({ kind: z.literal('odd-credits') }),
  /** Takes the request and never answers. */
  z.strictObject({ kind: z.literal('hang') }),
  /** Takes the request and resets the connection: nothing was done. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Paid. Does the work and resets the connection in place of an answer. */
  z.strictObject({ kind: z.literal('lost-answer') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
])

export type ClipDropFault = z.infer<typeof faultKind>

export interface FaultOrder {
  fault: ClipDropFault
  /** How many requests it meets. */
  times: number
  /** Which endpoint's; both where it is missing. */
  endpoint?: ClipDropEndpoint | undefined
}

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault: faultKind,
  times: z.int().min(1).default(1),
  endpoint: z.enum(['remove-background', 'upscale']).optional(),
})

export interface InjectedFault extends Readonly<FaultOrder> {
  /** How many requests it has met so far. */
  readonly fired: number
}

export interface DueFault {
  fault: ClipDropFault
  /** Counts it, once it has done its harm: a request that is refused before meets no fault. */
  fire(): void
}

export interface FaultQueue {
  inject(order: FaultOrder): InjectedFault
  /** The fault that is meant for the next request to `endpoint`, the oldest first. */
  next(endpoint: ClipDropEndpoint): DueFault | null
  all(): readonly InjectedFault[]
  clear(): void
  /** Throws if a fault was injected that has not met all its requests: its test would have proved nothing. */
  assertAllFired(): void
}

export function createFaultQueue(): FaultQueue {
  const orders: (FaultOrder & { fired: number; taken: number })[] = []
  return {
    inject(order) {
      const added = { ...order, fired: 0, taken: 0 }
      orders.push(added)
      return added
    },
    next(endpoint) {
      const due = orders.find((one) => one.taken < one.times && (one.endpoint ?? endpoint) === endpoint)
      if (due === undefined) return null
      due.taken++
      return { fault: due.fault, fire: () => void due.fired++ }
    },
    all: () => orders.map(({ taken: _, ...order }) => order),
    clear: () => void orders.splice(0),
    assertAllFired() {
      const silent = orders.filter(({ fired, times }) => fired < times)
      if (silent.length === 0) return
      const list = silent.map(({ fault, fired, times }) => `${fault.kind} (${fired} of ${times})`)
      throw new Error(`Injected faults that never fired: ${list.join(', ')}.`)
    },
  }
}
