import { FieldValue, GeoPoint, Timestamp } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

export function valuesContract(bench: Bench): void {
  test('gives back every type of value as it was written', async () => {
    const document = bench.freshCollection().doc('all')
    const data = {
      none: null,
      yes: true,
      integer: Number.MAX_SAFE_INTEGER,
      negative: -7,
      double: 1.5,
      notANumber: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      text: 'zoë 𝒳 \u0000',
      bytes: Buffer.from([0, 255, 1]),
      time: new Timestamp(1_700_000_000, 123_456_000),
      place: new GeoPoint(-12.5, 179.9),
      list: [1, 'two', null, { three: 3 }],
      empty: { list: [], map: {} },
      vector: FieldValue.vector([1, 2.5]),
    }
    await document.set({ ...data, reference: document })
    const read = await document.get()
    const { reference, ...rest } = read.data() ?? {}
    expect(rest).toEqual(data)
    expect(reference.path).toBe(document.path)
  })

  test('keeps microseconds of a time and drops what is finer', async () => {
    const document = bench.freshCollection().doc('time')
    await document.set({ time: new Timestamp(5, 123_456_789) })
    expect((await document.get()).get('time').nanoseconds).toBe(123_456_000)
  })

  test('keeps names of fields and documents that are not ASCII or not plain', async () => {
    const document = bench.freshCollection().doc('zoë 100% 𝒳')
    await document.set({ 'a.b': 1, 'back`tick': 2, 'sp ace': { 'ü.': 3 } })
    expect((await document.get()).data()).toEqual({ 'a.b': 1, 'back`tick': 2, 'sp ace': { 'ü.': 3 } })
    const group = await document.parent.get()
    expect(group.docs.map((each) => each.id)).toEqual(['zoë 100% 𝒳'])
  })

  test('orders values of different types as Firestore does', async () => {
    const collection = bench.freshCollection()
    const ordered = [
      null,
      false,
      true,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      -1,
      0,
      0.5,
      1,
      new Timestamp(1, 0),
      new Timestamp(1, 1000),
      '',
      'Z',
      'a',
      'é',
      '\uffee',
      '𝒳',
      Buffer.from([1]),
      Buffer.from([1, 0]),
      collection.doc('a'),
      collection.doc('b'),
      new GeoPoint(0, 1),
      new GeoPoint(1, 0),
      [1],
      [1, 2],
      [2],
      FieldValue.vector([9]),
      FieldValue.vector([1, 2]),
      {},
      { a: 1 },
      { a: 2 },
      { b: 1 },
    ]
    const writer = bench.firestore().batch()
    // Written backwards, so that the order of writing does not help.
    for (const [index, value] of [...ordered.entries()].reverse())
      writer.set(collection.doc(`z${99 - index}`), { value, index })
    await writer.commit()
    const found = await collection.orderBy('value').get()
    expect(found.docs.map((each) => each.get('index'))).toEqual(ordered.map((_, index) => index))
  })

  test('tells when a document was made and last changed, in microseconds that only grow', async () => {
    const document = bench.freshCollection().doc('times')
    const first = await document.set({ n: 1 })
    const second = await document.update({ n: 2 })
    const read = await document.get()
    expect(read.createTime?.isEqual(first.writeTime)).toBe(true)
    expect(read.updateTime?.isEqual(second.writeTime)).toBe(true)
    expect(second.writeTime.valueOf() > first.writeTime.valueOf()).toBe(true)
    expect(read.readTime.valueOf() >= second.writeTime.valueOf()).toBe(true)
    expect(Math.abs(read.readTime.toMillis() - Date.now())).toBeLessThan(60_000)
  })

  test('a vector is one value: no path reaches into it, and a field below replaces it', async () => {
    const collection = bench.freshCollection()
    const document = collection.doc('d')
    await document.set({ v: FieldValue.vector([1, 2]), kept: true })
    expect((await collection.orderBy('v.value').get()).empty).toBe(true)
    const [masked] = await bench.firestore().getAll(document, { fieldMask: ['v.value', 'kept'] })
    expect(masked?.data()).toEqual({ kept: true })
    await document.set({ v: { x: 1 } }, { merge: true })
    expect((await document.get()).data()).toEqual({ v: { x: 1 }, kept: true })
    await document.set({ v: FieldValue.vector([1]) })
    await document.update({ 'v.n': FieldValue.increment(2) })
    expect((await document.get()).data()).toEqual({ v: { n: 2 } })
  })
}
