import type { DocumentSnapshot, Firestore, QuerySnapshot, Transaction } from '@google-cloud/firestore'
import { type Chance, chanceFrom } from './chance.ts'
import { anyDocument, comparable, DOCUMENT_IDS } from './data.ts'
import { anyQuery } from './queries.ts'

type Read = (transaction: Transaction, firestore: Firestore) => Promise<unknown>
type Write = (transaction: Transaction, firestore: Firestore) => void

/** A transaction that can be run on any client, and what it reads: the same seed makes the same one. */
export function anyTransaction(chance: Chance, root: string): (firestore: Firestore) => Promise<unknown> {
  const first = chance.pick(DOCUMENT_IDS)
  const readOnly = chance.percent(20)
  const reads = Array.from({ length: chance.integer(3) }, () => anyRead(chance, root, readOnly))
  const writes = readOnly ? [] : Array.from({ length: chance.integer(4) }, () => anyWriteOf(chance, root))
  const fails = chance.percent(10)
  return (firestore) =>
    firestore.runTransaction(
      async (transaction) => {
        // The client repeats a refused query for seven seconds where it is the first that a transaction asks.
        const found: unknown[] = [one(await transaction.get(firestore.doc(`${root}/${first}`)))]
        for (const read of reads) found.push(await read(transaction, firestore))
        for (const write of writes) write(transaction, firestore)
        if (fails) throw new Error('changed its mind')
        return found
      },
      readOnly ? { readOnly } : { maxAttempts: 1 },
    )
}

/** `plainly`: no query that may be refused, which the client repeats for seven seconds in a read-only transaction. */
function anyRead(chance: Chance, root: string, plainly: boolean): Read {
  const ids = [chance.pick(DOCUMENT_IDS), chance.pick(DOCUMENT_IDS)]
  const query = plainly
    ? (firestore: Firestore) => firestore.collection(root).orderBy('a').limit(4)
    : anyQuery(chance, root)
  switch (chance.integer(3)) {
    case 0:
      return async (transaction, firestore) => one(await transaction.get(firestore.doc(`${root}/${ids[0]}`)))
    case 1:
      return async (transaction, firestore) => {
        const documents = ids.map((id) => firestore.doc(`${root}/${id}`))
        return (await transaction.getAll(...documents, { fieldMask: ['a', 'm.x'] })).map(one)
      }
    default:
      return async (transaction, firestore) => {
        const found: QuerySnapshot = await transaction.get(query(firestore))
        return found.docs.map(one)
      }
  }
}

function one(snapshot: DocumentSnapshot): unknown {
  return [snapshot.ref.path, snapshot.exists ? comparable(snapshot.data()) : 'missing']
}

function anyWriteOf(chance: Chance, root: string): Write {
  const id = chance.pick(DOCUMENT_IDS)
  const seed = chance.integer(2 ** 31)
  const kind = chance.integer(6)
  return (transaction, firestore) => {
    const document = firestore.doc(`${root}/${id}`)
    const data = anyDocument(chanceFrom(seed), firestore, root)
    if (kind === 0) transaction.create(document, data)
    else if (kind === 1) transaction.delete(document)
    else if (kind === 2) transaction.update(document, { a: seed % 5, 'm.x': 'changed' })
    else transaction.set(document, data, { merge: kind === 3 })
  }
}
