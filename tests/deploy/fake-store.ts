import type { Resource } from './fake-format.ts'

export interface Snapshot {
  kinds: Map<string, Map<string, Resource>>
  policies: Map<string, Set<string>>
}

/** What there is in a fake project: things by kind and name, and who holds which role on what. */
export class FakeStore {
  #kinds = new Map<string, Map<string, Resource>>()
  /** Grants by kind and name of what they are on. */
  #policies = new Map<string, Set<string>>()

  put(kind: string, name: string, resource: Resource): void {
    this.#of(kind).set(name, resource)
  }

  get(kind: string, name: string): Resource | undefined {
    return this.#of(kind).get(name)
  }

  all(kind: string): Resource[] {
    return [...this.#of(kind).values()]
  }

  /** Whether it was there. */
  remove(kind: string, name: string): boolean {
    return this.#of(kind).delete(name)
  }

  /** Everything as it is now, for `restore`. */
  snapshot(): Snapshot {
    return structuredClone({ kinds: this.#kinds, policies: this.#policies })
  }

  restore(snapshot: Snapshot): void {
    const { kinds, policies } = structuredClone(snapshot)
    this.#kinds = kinds
    this.#policies = policies
  }

  /** `kind name`, sorted. */
  get things(): string[] {
    return this.entries
      .map(
        ([kind, name, { displayName }]) => `${kind} ${kind === 'iam service-accounts' ? name : (displayName ?? name)}`,
      )
      .sort()
  }

  /** Everything that is there: kind, name and the thing. */
  get entries(): [kind: string, name: string, resource: Resource][] {
    return [...this.#kinds].flatMap(([kind, names]) =>
      [...names].map(([name, one]) => [kind, name, one] as [string, string, Resource]),
    )
  }

  /** `role member resource`, sorted. */
  get grants(): string[] {
    const grants = [...this.#policies].flatMap(([on, held]) =>
      [...held].map((grant) => `${grant} ${on.split(' ').at(-1)}`),
    )
    return grants.sort()
  }

  /** Takes a role away, as somebody might by hand. */
  revoke(role: string, member: string, on: string): void {
    this.#policies.get(on)?.delete(`${role} ${member}`)
  }

  /** Binds a role, as somebody might by hand: `run services api`. */
  grant(role: string, member: string, on: string): void {
    this.#policies.set(on, (this.#policies.get(on) ?? new Set()).add(`${role} ${member}`))
  }

  /** `role member` of everybody on a thing. */
  heldOn(thing: string): string[] {
    return [...(this.#policies.get(thing) ?? [])]
  }

  #of(kind: string): Map<string, Resource> {
    const known = this.#kinds.get(kind)
    if (known) return known
    const made = new Map<string, Resource>()
    this.#kinds.set(kind, made)
    return made
  }
}
