import {
  type DocumentReference,
  type DocumentSnapshot,
  Filter,
  type Query,
  type QuerySnapshot,
} from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

/** The snapshots of a listener, one after the other. */
function follow<T>(listen: (next: (snapshot: T) => void, fail: (error: Error) => void) => () => void) {
  const arrived: T[] = []
  let waiting: { resolve: (snapshot: T) => void; reject: (error: Error) => void } | null = null
  const stop = listen(
    (snapshot) => {
      if (waiting === null) return void arrived.push(snapshot)
      waiting.resolve(snapshot)
      waiting = null
    },
    (error) => waiting?.reject(error),
  )
  const next = () =>
    new Promise<T>((resolve, reject) => {
      const first = arrived.shift()
      if (first !== undefined) resolve(first)
      else waiting = { resolve, reject }
    })
  return { next, stop }
}

const followQuery = (query: Query) => follow<QuerySnapshot>((next, fail) => query.onSnapshot(next, fail))
const followDocument = (document: DocumentReference) =>
  follow<DocumentSnapshot>((next, fail) => document.onSnapshot(next, fail))

const idsOf = (snapshot: QuerySnapshot) => snapshot.docs.map((each) => each.id)
const changesOf = (snapshot: QuerySnapshot) => snapshot.docChanges().map((each) => `${each.type} ${each.doc.id}`)

export function listenersContract(bench: Bench): void {
  test('a document is followed from missing through its changes to its deletion', async () => {
    const document = bench.freshCollection().doc('d')
    const { next, stop } = followDocument(document)
    expect((await next()).exists).toBe(false)
    await document.set({ n: 1 })
    expect((await next()).data()).toEqual({ n: 1 })
    await document.update({ n: 2 })
    expect((await next()).get('n')).toBe(2)
    await document.delete()
    expect((await next()).exists).toBe(false)
    stop()
  })

  test('a query tells what comes, changes and leaves', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({ n: 1 })
    const { next, stop } = followQuery(collection.where('n', '>', 0))
    expect(changesOf(await next())).toEqual(['added a'])
    await collection.doc('b').set({ n: 5 })
    expect(changesOf(await next())).toEqual(['added b'])
    await collection.doc('b').update({ n: 6 })
    expect(changesOf(await next())).toEqual(['modified b'])
    await collection.doc('b').update({ n: -1 })
    expect(changesOf(await next())).toEqual(['removed b'])
    await collection.doc('a').delete()
    expect(changesOf(await next())).toEqual(['removed a'])
    stop()
  })

  test('a limited query is filled up from behind', async () => {
    const collection = bench.freshCollection()
    for (const n of [1, 2, 3]) await collection.doc(`d${n}`).set({ n })
    const { next, stop } = followQuery(collection.orderBy('n').limit(2))
    expect(idsOf(await next())).toEqual(['d1', 'd2'])
    await collection.doc('d1').delete()
    expect(idsOf(await next())).toEqual(['d2', 'd3'])
    await collection.doc('d0').set({ n: 0 })
    expect(idsOf(await next())).toEqual(['d0', 'd2'])
    stop()
  })

  test('the last ones of an order stay the last ones', async () => {
    const collection = bench.freshCollection()
    for (const n of [1, 2, 3]) await collection.doc(`d${n}`).set({ n })
    const { next, stop } = followQuery(collection.orderBy('n').limitToLast(2))
    expect(idsOf(await next())).toEqual(['d2', 'd3'])
    await collection.doc('d4').set({ n: 4 })
    expect(idsOf(await next())).toEqual(['d3', 'd4'])
    await collection.doc('d4').delete()
    expect(idsOf(await next())).toEqual(['d2', 'd3'])
    stop()
  })

  test('a query with cursors and alternatives is told of what it holds only', async () => {
    const collection = bench.freshCollection()
    const either = Filter.or(Filter.where('tag', '==', 'x'), Filter.where('tag', '==', 'y'))
    const { next, stop } = followQuery(collection.where(either).orderBy('n').startAfter(1).endAt(3))
    expect((await next()).empty).toBe(true)
    const batch = bench.firestore().batch()
    for (const [n, tag] of ['x', 'x', 'z', 'y', 'y'].entries()) batch.set(collection.doc(`d${n}`), { n, tag })
    await batch.commit()
    expect(changesOf(await next())).toEqual(['added d3'])
    await collection.doc('d2').update({ tag: 'y' })
    expect(idsOf(await next())).toEqual(['d2', 'd3'])
    stop()
  })

  test('a collection group is followed wherever its documents come', async () => {
    const collection = bench.freshCollection()
    const { next, stop } = followQuery(bench.firestore().collectionGroup(collection.id))
    expect((await next()).empty).toBe(true)
    await collection.doc('a').set({ n: 1 })
    expect(idsOf(await next())).toEqual(['a'])
    await collection.doc('a').collection(collection.id).doc('below').set({ n: 2 })
    expect(idsOf(await next())).toEqual(['a', 'below'])
    stop()
  })

  test('a batch arrives as one snapshot', async () => {
    const collection = bench.freshCollection()
    const { next, stop } = followQuery(collection)
    expect((await next()).empty).toBe(true)
    const batch = bench.firestore().batch()
    for (const id of ['a', 'b', 'c']) batch.set(collection.doc(id), { id })
    await batch.commit()
    expect(changesOf(await next())).toEqual(['added a', 'added b', 'added c'])
    stop()
  })

  test("a snapshot's time is not before the write that it shows", async () => {
    const collection = bench.freshCollection()
    const { next, stop } = followQuery(collection)
    await next()
    const { writeTime } = await collection.doc('a').set({ n: 1 })
    expect((await next()).readTime.valueOf() >= writeTime.valueOf()).toBe(true)
    stop()
  })
}
