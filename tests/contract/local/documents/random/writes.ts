import { type DocumentData, FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore'
import { type Chance, chanceFrom } from './chance.ts'
import { anyDocument, anyValue, DOCUMENT_IDS, FIELDS } from './data.ts'

/** A write that can be made on any client: the same seed makes the same write. */
export function anyWrite(chance: Chance, root: string): (firestore: Firestore) => Promise<unknown> {
  const id = chance.pick(DOCUMENT_IDS)
  const seed = chance.integer(2 ** 31)
  const kind = chance.integer(9)
  return (firestore) => {
    const replayed = chanceFrom(seed)
    const document = firestore.doc(`${root}/${id}`)
    const data = (): DocumentData => anyDocument(replayed, firestore, root)
    switch (kind) {
      case 0:
        return document.create(data())
      case 1:
        return document.set(data())
      case 2:
        return document.set(data(), { merge: true })
      case 3:
        return document.set({ a: 1, ...data() }, { mergeFields: ['a'] })
      case 4:
        return document.delete()
      case 5:
        return document.update(changesOf(replayed, firestore, root), { lastUpdateTime: new Timestamp(1, 0) })
      case 6: {
        const batch = firestore.batch()
        batch.set(document, data())
        batch.update(document, changesOf(replayed, firestore, root))
        batch.delete(firestore.doc(`${root}/${replayed.pick(DOCUMENT_IDS)}`))
        return batch.commit()
      }
      default:
        return document.update(changesOf(replayed, firestore, root))
    }
  }
}

function changesOf(chance: Chance, firestore: Firestore, root: string): Record<string, unknown> {
  const changes: Record<string, unknown> = {}
  for (const field of [...FIELDS, 'list']) if (chance.percent(30)) changes[field] = changeOf(chance, firestore, root)
  return Object.keys(changes).length === 0 ? { a: FieldValue.increment(1) } : changes
}

function changeOf(chance: Chance, firestore: Firestore, root: string): unknown {
  const number = chance.pick([1, -2, 0.5, Number.NaN, 3])
  const values = [chance.pick([1, 2, 'a']), chance.pick([null, 1.5, 'b', { x: 1 }])]
  switch (chance.integer(8)) {
    case 0:
      return FieldValue.increment(number)
    case 1:
      return FieldValue.maximum(number)
    case 2:
      return FieldValue.minimum(number)
    case 3:
      return FieldValue.arrayUnion(...values)
    case 4:
      return FieldValue.arrayRemove(...values)
    case 5:
      return FieldValue.delete()
    default:
      return anyValue(chance, firestore, root)
  }
}
