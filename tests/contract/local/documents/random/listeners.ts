import type { Firestore, Query, QueryDocumentSnapshot, QuerySnapshot } from '@google-cloud/firestore'
import { comparable } from './data.ts'

/** Far beyond what a server needs on a machine that is busy with other things. */
const SILENCE_MS = 20_000

/** A listener of one server, as far as it has been told. */
export interface Followed {
  /** Settles with the changes told since the last time, once what was told is what the query gives now. */
  settled(): Promise<string>
  stop(): void
}

/** Follows a query. One that is refused is followed, too: what is told then is the refusal. */
export function follow(firestore: Firestore, build: (firestore: Firestore) => Query): Followed {
  const query = build(firestore)
  let state: string | null = null
  let members: string | null = null
  let refusal: string | null = null
  const changes: string[] = []
  let wake = () => {}
  const stop = query.onSnapshot(
    (snapshot) => {
      state = stateOf(snapshot)
      members = membersOf(snapshot)
      changes.push(...snapshot.docChanges().map(({ type, doc, newIndex }) => `${type} ${doc.ref.path} ${newIndex}`))
      wake()
    },
    (error) => {
      refusal = `refused: ${'code' in error ? error.code : 'by the client'}`
      wake()
    },
  )
  /** Resolves with false when nothing was told for so long that nothing will be. */
  const told = () =>
    new Promise<boolean>((resolve) => {
      const silence = setTimeout(resolve, SILENCE_MS, false)
      wake = () => {
        clearTimeout(silence)
        resolve(true)
      }
    })
  return {
    async settled() {
      while (state === null && refusal === null) if (!(await told())) return 'silent from the start'
      if (refusal !== null) return refusal
      const wanted = membersOf(await query.get())
      while (members !== wanted && refusal === null) {
        if (!(await told())) return `silent at ${state} instead of ${wanted}`
      }
      return JSON.stringify([changes.splice(0), state])
    },
    stop,
  }
}

function stateOf({ docs }: QuerySnapshot): string {
  return JSON.stringify(docs.map(rowOf))
}

/** Without the order: for a listener the official client sorts by itself, not always as a server does. */
function membersOf({ docs }: QuerySnapshot): string {
  return JSON.stringify(docs.map((each) => JSON.stringify(rowOf(each))).sort())
}

function rowOf(document: QueryDocumentSnapshot): unknown {
  return [document.ref.path, comparable(document.data())]
}
