import type { StoredChange } from '#local/documents/storage/document.ts'
import { aborted } from '#local/documents/wire/status.ts'

/** Somebody who can hold locks: a transaction, or a single commit. */
export interface LockOwner {
  /** Smaller is older: the older one is served first, and the younger one gives way in a deadlock. */
  age: number
  /** Tells the owner that it lost its locks, with the reason. */
  abandon(reason: Error): void
}

export interface LockRequest {
  owner: LockOwner
  /** Documents to lock, all at once or none. */
  names: readonly string[]
  /** What the owner is about to write: waits for the queries of others that would see it. */
  changes?: () => readonly StoredChange[]
}

interface Waiter<T = unknown> extends LockRequest {
  sinceMs: number
  run: () => T
  resolve: (value: T) => void
  reject: (error: unknown) => void
}

/** The pessimistic locks of transactions: one holder a document, queries protected against phantoms, a queue by age. */
export interface LockTable {
  /** Runs `run` in the very moment in which all locks are had. @throws StatusError ABORTED as a deadlock's victim or after too long. */
  withLocks<T>(request: LockRequest, run: () => T): Promise<T>
  /** Until release, no other owner commits a change for which `sees` is true. */
  protect(owner: LockOwner, sees: (change: StoredChange) => boolean): void
  /** Gives back all locks of the owner, and refuses what it still waits for. */
  release(owner: LockOwner): void
  /** Owners for whom others wait while they themselves wait for nobody. */
  blockers(): Set<LockOwner>
  /** Refuses who has waited too long, and breaks circles that came about without a new wait. */
  expire(): void
}

export function createLockTable(options: { waitTimeoutMs: number; nowMs: () => number }): LockTable {
  const holders = new Map<string, LockOwner>()
  const held = new Map<LockOwner, Set<string>>()
  const protections = new Map<LockOwner, ((change: StoredChange) => boolean)[]>()
  let waiters: Waiter[] = []

  const holdsSomething = (owner: LockOwner) => held.has(owner) || protections.has(owner)

  const holdersOf = (request: LockRequest): Set<LockOwner> => {
    const found = new Set<LockOwner>()
    for (const name of request.names) {
      const holder = holders.get(name)
      if (holder !== undefined && holder !== request.owner) found.add(holder)
    }
    return found
  }

  const protectorsAgainst = (request: LockRequest): Set<LockOwner> => {
    const found = new Set<LockOwner>()
    if (request.changes === undefined || protections.size === 0) return found
    const changes = request.changes()
    for (const [owner, tests] of protections) {
      if (owner !== request.owner && tests.some((sees) => changes.some(sees))) found.add(owner)
    }
    return found
  }

  const blockersOf = (request: LockRequest) => new Set([...holdersOf(request), ...protectorsAgainst(request)])

  // Working out a commit's changes costs more than a look at its locks.
  const isBlocked = (request: LockRequest) => holdersOf(request).size > 0 || protectorsAgainst(request).size > 0

  const take = (request: LockRequest) => {
    if (request.names.length === 0) return
    const names = held.get(request.owner) ?? new Set()
    held.set(request.owner, names)
    for (const name of request.names) {
      holders.set(name, request.owner)
      names.add(name)
    }
  }

  const drop = (owner: LockOwner) => {
    for (const name of held.get(owner) ?? []) holders.delete(name)
    held.delete(owner)
    protections.delete(owner)
  }

  /** The oldest waiter whose locks are free; newcomers do not overtake those before them in the queue of a document. */
  const nextRunnable = (): Waiter | undefined => {
    const wanted = new Set<string>()
    for (const waiter of waiters) {
      const overtakes = !holdsSomething(waiter.owner) && waiter.names.some((name) => wanted.has(name))
      if (!overtakes && !isBlocked(waiter)) return waiter
      for (const name of waiter.names) wanted.add(name)
    }
    return undefined
  }

  let serving = false
  const serve = () => {
    // A run that releases at once comes back here; the loop outside picks that up.
    if (serving) return
    serving = true
    for (let waiter = nextRunnable(); waiter !== undefined; waiter = nextRunnable()) {
      const granted = waiter
      waiters = waiters.filter((other) => other !== granted)
      take(granted)
      try {
        granted.resolve(granted.run())
      } catch (error) {
        granted.reject(error)
      }
    }
    serving = false
  }

  const refuseWaiters = (owner: LockOwner, reason: Error) => {
    const refused = waiters.filter((waiter) => waiter.owner === owner)
    if (refused.length === 0) return
    waiters = waiters.filter((waiter) => waiter.owner !== owner)
    for (const waiter of refused) waiter.reject(reason)
  }

  const abandon = (owner: LockOwner, reason: Error) => {
    refuseWaiters(owner, reason)
    drop(owner)
    owner.abandon(reason)
  }

  /** The owners of a circle of waits that goes through `start`, null without one. */
  const findCircle = (
    start: LockOwner,
    owner = start,
    path: LockOwner[] = [],
    seen = new Set<LockOwner>(),
  ): LockOwner[] | null => {
    for (const waiter of waiters) {
      if (waiter.owner !== owner) continue
      for (const blocker of blockersOf(waiter)) {
        if (blocker === start) return [...path, owner]
        if (seen.has(blocker)) continue
        seen.add(blocker)
        const circle = findCircle(start, blocker, [...path, owner], seen)
        if (circle !== null) return circle
      }
    }
    return null
  }

  const breakCircles = (owner: LockOwner) => {
    for (let circle = findCircle(owner); circle !== null; circle = findCircle(owner)) {
      const victim = circle.reduce((youngest, other) => (other.age > youngest.age ? other : youngest))
      abandon(victim, aborted('Transaction was aborted: it and another one waited for each other. Please retry.'))
    }
  }

  const enqueue = (waiter: Waiter) => {
    const position = waiters.findIndex((other) => other.owner.age > waiter.owner.age)
    if (position === -1) waiters.push(waiter)
    else waiters.splice(position, 0, waiter)
  }

  return {
    withLocks<T>(request: LockRequest, run: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const waiter: Waiter<T> = { ...request, sinceMs: options.nowMs(), run, resolve, reject }
        enqueue(waiter as Waiter)
        serve()
        if (waiters.includes(waiter as Waiter)) breakCircles(request.owner)
        serve()
      })
    },
    protect(owner, sees) {
      const tests = protections.get(owner) ?? []
      protections.set(owner, [...tests, sees])
    },
    release(owner) {
      refuseWaiters(owner, aborted('The transaction has ended.'))
      if (!holdsSomething(owner)) return
      drop(owner)
      serve()
    },
    blockers() {
      const waiting = new Set(waiters.map((waiter) => waiter.owner))
      const found = new Set<LockOwner>()
      for (const waiter of waiters) for (const owner of blockersOf(waiter)) if (!waiting.has(owner)) found.add(owner)
      return found
    },
    expire() {
      const deadline = options.nowMs() - options.waitTimeoutMs
      const late = waiters.filter((waiter) => waiter.sinceMs <= deadline)
      waiters = waiters.filter((waiter) => waiter.sinceMs > deadline)
      for (const waiter of late) waiter.reject(aborted('Too much contention on these documents. Please try again.'))
      for (const owner of new Set(waiters.map((waiter) => waiter.owner))) breakCircles(owner)
      serve()
    },
  }
}
