/** A fault that was ordered: which, how often, and for which endpoint; every one where that is missing. */
export interface FaultOrder<Fault, Endpoint extends string> {
  fault: Fault
  /** How many requests it meets. */
  times: number
  endpoint?: Endpoint | undefined
}

export type InjectedFault<Fault, Endpoint extends string> = Readonly<FaultOrder<Fault, Endpoint>> & {
  /** How many requests it has met so far. */
  readonly fired: number
}

export interface DueFault<Fault> {
  fault: Fault
  /** Counts it, once it has done its harm: a request that is refused before meets no fault. */
  fire(): void
}

/** Faults on demand of a stand-in. */
export interface FaultQueue<Fault, Endpoint extends string> {
  inject(order: FaultOrder<Fault, Endpoint>): InjectedFault<Fault, Endpoint>
  /**
   * The fault that is meant for the next request to `endpoint`, the oldest first; one that cannot harm this request, as
   * `canHarm` says, waits for the next.
   */
  next(endpoint: Endpoint, canHarm?: (fault: Fault) => boolean): DueFault<Fault> | null
  all(): readonly InjectedFault<Fault, Endpoint>[]
  clear(): void
  /** Throws if a fault was injected that has not met all its requests: its test would have proved nothing. */
  assertAllFired(): void
}

export function createFaultQueue<Fault extends { kind: string }, Endpoint extends string>(): FaultQueue<
  Fault,
  Endpoint
> {
  const orders: (FaultOrder<Fault, Endpoint> & { fired: number; taken: number })[] = []
  return {
    inject(order) {
      const added = { ...order, fired: 0, taken: 0 }
      orders.push(added)
      return added
    },
    next(endpoint, canHarm = () => true) {
      const due = orders.find(
        (one) => one.taken < one.times && (one.endpoint ?? endpoint) === endpoint && canHarm(one.fault),
      )
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

/** The fault that is due for a request; once it has done its harm the request's record says so too. */
export function dueFor<Fault extends { kind: string }>(
  due: DueFault<Fault> | null,
  seen: { fault: Fault['kind'] | null },
): { fault: Fault | null; fire(): void } {
  return {
    fault: due?.fault ?? null,
    fire() {
      if (due === null || seen.fault !== null) return
      due.fire()
      seen.fault = due.fault.kind
    },
  }
}
