/** One call that a service made to one of Google's APIs: what decides about the permissions it takes and what it costs. */
export interface ApiCall {
  /** As the API's reference names it: `storage.objects.insert`, `firestore.Commit`, `cloudtasks.tasks.create`. */
  method: string
  /** What of the request decides beside the method, e.g. `may replace`; null where nothing does. */
  variant: string | null
  /** What it was done to, as infra/project.yaml writes it: `project`, `bucket:NAME`, `queue:NAME`, `account:ID`. */
  on: string
}

/** What Firestore bills. */
export interface DocumentCounts {
  reads: number
  writes: number
  deletes: number
}

/** A request that a service answered. */
export interface Served {
  path: string
  startMs: number
  endMs: number
}

/** What one service asked of Google, and was asked, since the recording began. */
export class Recording {
  readonly service: string
  readonly #calls = new Map<string, { call: ApiCall; count: number }>()
  readonly served: Served[] = []
  /** Requests that it is answering now. */
  underWay = 0
  readonly documents: DocumentCounts = { reads: 0, writes: 0, deletes: 0 }
  /** Bytes of objects' content, as they went through the bucket's API. */
  readonly objectBytes = { read: 0, written: 0 }

  constructor(service: string) {
    this.service = service
  }

  note(call: ApiCall): void {
    const key = JSON.stringify([call.method, call.variant, call.on])
    const known = this.#calls.get(key) ?? { call, count: 0 }
    known.count += 1
    this.#calls.set(key, known)
  }

  calls(): { call: ApiCall; count: number }[] {
    return [...this.#calls.values()].map(({ call, count }) => ({ call, count }))
  }

  /** Seconds in which at least one request was being answered: what Cloud Run bills an instance for, by requests. */
  busySeconds(): number {
    let busyMs = 0
    let untilMs = Number.NEGATIVE_INFINITY
    for (const { startMs, endMs } of this.served.toSorted((a, b) => a.startMs - b.startMs)) {
      busyMs += Math.max(0, endMs - Math.max(startMs, untilMs))
      untilMs = Math.max(untilMs, endMs)
    }
    return busyMs / 1000
  }
}
