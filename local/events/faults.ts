/** What can be made to go wrong between a change and its service. */
export type Fault =
  /** Acknowledged, and yet sent once more. */
  | { kind: 'duplicate' }
  /** Sent `copies` times at one moment; acknowledged when every copy was. */
  | { kind: 'concurrent-duplicates'; copies: number }
  /** Held back until a later event of the same trigger has been answered. */
  | { kind: 'reorder' }
  /** Sent `delayMs` late, in waiting time. */
  | { kind: 'delay'; delayMs: number }
  /** The service did the work and acknowledged, but the answer never arrived. */
  | { kind: 'lost-answer' }
  /** The platform answers 503 in the service's place, which sees nothing. */
  | { kind: 'server-error' }

/** The delivery that a fault may hit. */
export interface DeliveryAttempt {
  trigger: string
  /** CloudEvents attributes without the `ce-` prefix. */
  attributes: Readonly<Record<string, string>>
  /** From 1. */
  attempt: number
}

export type Injection = Fault & {
  /** How many times it shall fire. Default 1. */
  times?: number
  /** Which deliveries it may hit. Default: every one. */
  match?: (attempt: DeliveryAttempt) => boolean
}

export interface InjectedFault {
  readonly fault: Fault
  readonly times: number
  /** How often it has taken effect. */
  readonly fired: number
}

/** One use of a fault, taken for one attempt. Exactly one of the two is called in the end. */
export interface FaultUse {
  fault: Fault
  /** It took effect. */
  fire(): void
  /** It could not take effect (there was no answer to lose); another attempt may have it. */
  release(): void
}

interface Entry {
  fault: Fault
  times: number
  match: (attempt: DeliveryAttempt) => boolean
  taken: number
  fired: number
}

/** A list of the faults that tests and people asked for. A fault that never fired proves nothing, so each counts. */
export function createFaults() {
  const entries: Entry[] = []
  return {
    inject(injection: Injection): InjectedFault {
      const { times = 1, match = () => true, ...fault } = injection
      const entry: Entry = { fault, times, match, taken: 0, fired: 0 }
      entries.push(entry)
      return view(entry)
    },
    list: (): InjectedFault[] => entries.map(view),
    /** The first fault that is left for this attempt, if any. */
    take(attempt: DeliveryAttempt): FaultUse | null {
      const entry = entries.find((one) => one.taken < one.times && isFor(one, attempt) && one.match(attempt))
      if (entry === undefined) return null
      entry.taken += 1
      return {
        fault: entry.fault,
        fire: () => {
          entry.fired += 1
        },
        release: () => {
          entry.taken -= 1
        },
      }
    },
    /** Throws an Error that names every fault that did not fire as often as it was asked for. */
    assertAllFired(): void {
      const silent = entries.filter((entry) => entry.fired < entry.times)
      if (silent.length === 0) return
      const names = silent.map((entry) => `${entry.fault.kind} (${entry.fired} of ${entry.times})`)
      throw new Error(`Injected faults did not fire: ${names.join(', ')}.`)
    },
  }
}

/** What changes the moment of an event can only do so before its first attempt. */
function isFor({ fault }: Entry, { attempt }: DeliveryAttempt): boolean {
  return attempt === 1 || (fault.kind !== 'reorder' && fault.kind !== 'delay')
}

function view(entry: Entry): InjectedFault {
  return {
    fault: entry.fault,
    times: entry.times,
    get fired() {
      return entry.fired
    },
  }
}

export type Faults = ReturnType<typeof createFaults>
