import { type CollectionReference, FieldPath, FieldValue, Filter, type Query } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

async function idsOf(query: Query): Promise<string[]> {
  return (await query.get()).docs.map((each) => each.id)
}

async function fill(collection: CollectionReference, documents: Record<string, object>): Promise<CollectionReference> {
  const batch = collection.firestore.batch()
  for (const [id, data] of Object.entries(documents)) batch.set(collection.doc(id), data)
  await batch.commit()
  return collection
}

export function queriesContract(bench: Bench): void {
  const numbers = () =>
    fill(bench.freshCollection(), {
      a: { n: 1, tag: 'x', list: [1, 2] },
      b: { n: 2, tag: 'y', list: [2, 3] },
      c: { n: 3, tag: 'x', list: [] },
      d: { n: 4, tag: 'y' },
      e: { n: null, tag: 'x' },
      f: { n: Number.NaN, tag: 'x' },
      g: { n: 'text', tag: 'z' },
      h: { tag: 'x' },
    })

  test('without an order gives documents by their ids', async () => {
    expect(await idsOf(await numbers())).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
  })

  test('ranges hold within the type of their bound, and NaN is in none', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('n', '>=', 2))).toEqual(['b', 'c', 'd'])
    expect(await idsOf(collection.where('n', '<', 3))).toEqual(['a', 'b'])
    expect(await idsOf(collection.where('n', '>', 'a'))).toEqual(['g'])
  })

  test('equality finds null, NaN, lists and maps', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('n', '==', null))).toEqual(['e'])
    expect(await idsOf(collection.where('n', '==', Number.NaN))).toEqual(['f'])
    expect(await idsOf(collection.where('list', '==', [2, 3]))).toEqual(['b'])
  })

  test('inequality leaves out null and missing fields', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('n', '!=', 2))).toEqual(['f', 'a', 'c', 'd', 'g'])
    expect(await idsOf(collection.where('n', '!=', null))).toEqual(['f', 'a', 'b', 'c', 'd', 'g'])
  })

  test('in and not-in take lists of values', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('n', 'in', [3, 1, 'text']))).toEqual(['a', 'c', 'g'])
    expect(await idsOf(collection.where('n', 'not-in', [1, 2]))).toEqual(['f', 'c', 'd', 'g'])
    expect(await idsOf(collection.where('n', 'not-in', [1, null]))).toEqual([])
  })

  test('lists are searched for one value or any of several', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('list', 'array-contains', 2))).toEqual(['a', 'b'])
    expect(await idsOf(collection.where('list', 'array-contains-any', [1, 3]))).toEqual(['a', 'b'])
  })

  test('filters are combined with and, and nested with or', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.where('tag', '==', 'x').where('n', '<', 3))).toEqual(['a'])
    const either = Filter.or(
      Filter.where('n', '==', 4),
      Filter.and(Filter.where('tag', '==', 'x'), Filter.where('list', 'array-contains', 1)),
    )
    expect(await idsOf(collection.where(either))).toEqual(['a', 'd'])
  })

  test('orders by several fields and leaves out documents that lack one', async () => {
    const collection = await numbers()
    expect(await idsOf(collection.orderBy('tag', 'desc').orderBy('n'))).toEqual(['g', 'b', 'd', 'e', 'f', 'a', 'c'])
  })

  test('limits, offsets and the last ones', async () => {
    const collection = await numbers()
    const ordered = collection.where('n', '>', 0).orderBy('n')
    expect(await idsOf(ordered.limit(2))).toEqual(['a', 'b'])
    expect(await idsOf(ordered.offset(1).limit(2))).toEqual(['b', 'c'])
    expect(await idsOf(ordered.limitToLast(2))).toEqual(['c', 'd'])
    expect(await idsOf(ordered.offset(9))).toEqual([])
  })

  test('cursors include or exclude their position', async () => {
    const ordered = (await numbers()).where('n', '>', 0).orderBy('n')
    expect(await idsOf(ordered.startAt(2))).toEqual(['b', 'c', 'd'])
    expect(await idsOf(ordered.startAfter(2))).toEqual(['c', 'd'])
    expect(await idsOf(ordered.endBefore(3))).toEqual(['a', 'b'])
    expect(await idsOf(ordered.startAt(2).endAt(3))).toEqual(['b', 'c'])
  })

  test('pages follow each other by a document, equal values included', async () => {
    const collection = await fill(bench.freshCollection(), { a: { n: 1 }, b: { n: 1 }, c: { n: 1 }, d: { n: 0 } })
    const query = collection.orderBy('n', 'desc').limit(2)
    const first = await query.get()
    const second = await query.startAfter(first.docs.at(-1)!).get()
    expect([first, second].map((page) => page.docs.map((each) => each.id))).toEqual([
      ['c', 'b'],
      ['a', 'd'],
    ])
  })

  test('null and NaN are in no list', async () => {
    const collection = await fill(bench.freshCollection(), {
      a: { n: null, list: [null, Number.NaN, 1] },
      b: { n: Number.NaN, list: [2] },
      c: { n: 1 },
    })
    for (const nothing of [null, Number.NaN]) {
      expect(await idsOf(collection.where('list', 'array-contains-any', [nothing, 2]))).toEqual(['b'])
      expect(await idsOf(collection.where('n', 'in', [nothing, 1]))).toEqual(['c'])
    }
    expect(await idsOf(collection.where('n', 'not-in', [Number.NaN]))).toEqual(['b', 'c'])
  })

  test('a filter that can never hold asks for no field and orders nothing', async () => {
    const collection = await fill(bench.freshCollection(), { a: { n: 2 }, b: { n: 1 } })
    const never = collection.where('missing', 'not-in', [null])
    expect(await idsOf(never)).toEqual([])
    expect(await idsOf(never.orderBy('n').orderBy(FieldPath.documentId()))).toEqual([])
    expect(await idsOf(never.where(FieldPath.documentId(), '==', 'a'))).toEqual([])
  })

  test('what stands in a filter twice counts once', async () => {
    const collection = await numbers()
    const twice = Filter.where('list', 'array-contains', 2)
    expect(await idsOf(collection.where(Filter.and(twice, twice)))).toEqual(['a', 'b'])
    const thirtyTimes = Array.from({ length: 30 }, () => 2)
    expect(await idsOf(collection.where('n', 'in', thirtyTimes).where('tag', 'in', ['y', 'z']))).toEqual(['b'])
    const choice = Filter.or(...[1, 2, 3, 4, 5, 6].map((n) => Filter.where('n', '==', n)))
    expect(await idsOf(collection.where(choice).where(choice))).toEqual(['a', 'b', 'c', 'd'])
    const hundredTimes = Array.from({ length: 101 }, () => Filter.where('n', '==', 1))
    expect(await idsOf(collection.where(Filter.and(...hundredTimes)))).toEqual(['a'])
  })

  test('documents are chosen by their names', async () => {
    const collection = await numbers()
    const id = FieldPath.documentId()
    expect(await idsOf(collection.where(id, '>=', 'f'))).toEqual(['f', 'g', 'h'])
    expect(await idsOf(collection.where(id, 'in', ['h', 'b', 'missing']))).toEqual(['b', 'h'])
    expect(await idsOf(collection.orderBy(id).startAfter('g'))).toEqual(['h'])
  })

  test('a projection gives only the fields asked for', async () => {
    const collection = await fill(bench.freshCollection(), { a: { n: 1, m: { x: 1, y: 2 } } })
    const found = await collection.select('m.x').get()
    expect(found.docs.map((each) => each.data())).toEqual([{ m: { x: 1 } }])
    expect((await collection.select().get()).docs.map((each) => each.data())).toEqual([{}])
  })

  test('a collection group reaches every collection of that id, a collection only itself', async () => {
    const collection = bench.freshCollection()
    const inner = collection.id
    await fill(collection, { top: { n: 1 } })
    await fill(collection.doc('top').collection(inner), { deep: { n: 2 } })
    await fill(collection.doc('nowhere').collection(inner), { lost: { n: 3 } })
    expect(await idsOf(collection)).toEqual(['top'])
    expect((await idsOf(bench.firestore().collectionGroup(inner).where('n', '>', 1))).sort()).toEqual(['deep', 'lost'])
  })

  test('an empty result has a read time, too', async () => {
    const found = await bench.freshCollection().where('a', '==', 1).get()
    expect(found.empty).toBe(true)
    expect(found.readTime.toMillis()).toBeGreaterThan(0)
  })

  test('nearest vectors come first, with their distances', async () => {
    const collection = await fill(bench.freshCollection(), {
      near: { v: FieldValue.vector([1, 0]) },
      far: { v: FieldValue.vector([0, 4]) },
      other: { v: FieldValue.vector([1, 2, 3]) },
    })
    const query = collection.findNearest({
      vectorField: 'v',
      queryVector: [1, 1],
      limit: 5,
      distanceMeasure: 'EUCLIDEAN',
      distanceResultField: 'distance',
    })
    const found = await query.get()
    expect(found.docs.map((each) => [each.id, each.get('distance')])).toEqual([
      ['near', 1],
      ['far', Math.sqrt(10)],
    ])
  })
}
