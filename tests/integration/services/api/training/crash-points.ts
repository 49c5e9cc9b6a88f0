import type { StartDeps } from '../../../../../services/api/training/start-deps.ts'

/** Everything that a process does to the world around it, so that it can die before or after each. */
export interface CrashPoints {
  deps: Partial<StartDeps>
  /** Names of what was done, in order: `before x` and `after x`. */
  passed: string[]
  /** Whether the chosen point was come to. */
  crashed(): boolean
}

/** What a dead process throws: nothing that it still tries has an effect. */
class Crash extends Error {}

/** The world's dependencies, dying at the n-th point (from 1); 0 never does. */
export function crashAt(deps: StartDeps, point: number): CrashPoints {
  const passed: string[] = []
  let isDead = false
  const pass = (name: string): void => {
    if (isDead) throw new Crash(name)
    passed.push(name)
    if (passed.length !== point) return
    isDead = true
    throw new Crash(name)
  }
  const around = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    pass(`before ${name}`)
    const result = await work()
    pass(`after ${name}`)
    return result
  }
  /** The same object, but for some of its methods. */
  const dying = <T extends object>(target: T, names: readonly (keyof T & string)[]): T =>
    new Proxy(target, {
      get(from, name) {
        const value: unknown = Reflect.get(from, name)
        if (typeof value !== 'function') return value
        const bound = value.bind(from)
        if (!names.includes(name as keyof T & string)) return bound
        return (...args: unknown[]) => around(String(name), () => bound(...args))
      },
    })
  const replicate = deps.replicate!
  return {
    passed,
    crashed: () => isDead,
    deps: {
      db: dying(deps.db, ['runTransaction']),
      store: dying(deps.store, ['remove']),
      streams: dying(deps.streams, ['write']),
      finishJobs: dying(deps.finishJobs, ['enqueue']),
      replicate: {
        ...replicate,
        client: {
          models: dying(replicate.client.models, ['ensurePrivate']),
          trainings: dying(replicate.client.trainings, ['create']),
        },
      },
    },
  }
}
