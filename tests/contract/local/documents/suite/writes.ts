import { type DocumentReference, FieldPath, FieldValue, Timestamp, type WriteBatch } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

const NOT_FOUND = { code: 5 }
const ALREADY_EXISTS = { code: 6 }
const FAILED_PRECONDITION = { code: 9 }
const INVALID_ARGUMENT = { code: 3 }

export function writesContract(bench: Bench): void {
  test('a set replaces the whole document', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1, b: { c: 2, d: 3 } })
    await document.set({ b: { e: 4 } })
    expect((await document.get()).data()).toEqual({ b: { e: 4 } })
  })

  test('a merging set keeps what it does not name, inside maps too', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1, b: { c: 2, d: 3 } })
    await document.set({ b: { d: 4, e: 5 }, f: FieldValue.delete() }, { merge: true })
    expect((await document.get()).data()).toEqual({ a: 1, b: { c: 2, d: 4, e: 5 } })
  })

  test('merge fields write only what they name', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1, b: { c: 1, d: 2 } }, { mergeFields: ['a', 'b.c'] })
    expect((await document.get()).data()).toEqual({ a: 1, b: { c: 1 } })
  })

  test('an update changes nested fields, deletes fields and leaves the rest', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1, b: { c: 2, d: 3 }, gone: 1 })
    await document.update({ 'b.c': 9, gone: FieldValue.delete(), 'new.deep': true })
    await document.update(new FieldPath('dot.ted'), 'x')
    expect((await document.get()).data()).toEqual({ a: 1, b: { c: 9, d: 3 }, new: { deep: true }, 'dot.ted': 'x' })
  })

  test('an update of a missing document is NOT_FOUND and makes none', async () => {
    const document = bench.freshCollection().doc('missing')
    await expect(document.update({ a: 1 })).rejects.toMatchObject(NOT_FOUND)
    expect((await document.get()).exists).toBe(false)
  })

  test('a document is created once, by one of many who try at the same time', async () => {
    const document = bench.freshCollection().doc('once')
    const tries = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => document.create({ index })))
    const refused = tries.filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(9)
    for (const each of refused) expect(each.reason).toMatchObject(ALREADY_EXISTS)
  })

  test('a delete of a missing document succeeds, unless it must exist', async () => {
    const document = bench.freshCollection().doc('missing')
    await document.delete()
    await expect(document.delete({ exists: true })).rejects.toMatchObject(NOT_FOUND)
  })

  test('a write for another version than the stored one is FAILED_PRECONDITION', async () => {
    const document = bench.freshCollection().doc('d')
    const { writeTime } = await document.set({ a: 1 })
    await document.update({ a: 2 }, { lastUpdateTime: writeTime })
    await expect(document.update({ a: 3 }, { lastUpdateTime: writeTime })).rejects.toMatchObject(FAILED_PRECONDITION)
    await expect(document.delete({ lastUpdateTime: new Timestamp(1, 0) })).rejects.toMatchObject(FAILED_PRECONDITION)
    expect((await document.get()).data()).toEqual({ a: 2 })
  })

  test('a batch is written wholly or not at all', async () => {
    const collection = bench.freshCollection()
    const batch = bench.firestore().batch()
    batch.set(collection.doc('a'), { a: 1 })
    batch.update(collection.doc('missing'), { b: 1 })
    await expect(batch.commit()).rejects.toMatchObject(NOT_FOUND)
    expect((await collection.get()).size).toBe(0)
  })

  test('the writes of a batch see those before them and share one time', async () => {
    const document = bench.freshCollection().doc('d')
    const batch = bench.firestore().batch()
    batch.set(document, { n: 1 })
    batch.update(document, { n: FieldValue.increment(2), list: FieldValue.arrayUnion('a') })
    batch.set(document.parent.doc('e'), { n: 5 })
    const results = await batch.commit()
    expect((await document.get()).data()).toEqual({ n: 3, list: ['a'] })
    expect(results.every((each) => each.writeTime.isEqual(results[0]!.writeTime))).toBe(true)
  })

  test('increments add to numbers, replace what is no number, and keep integers apart from doubles', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ integer: 1, double: 1.5, text: 'x' })
    const add = FieldValue.increment
    await document.update({ integer: add(2), double: add(1), text: add(5), missing: add(0.5), 'map.n': add(-1) })
    expect((await document.get()).data()).toEqual({ integer: 3, double: 2.5, text: 5, missing: 0.5, map: { n: -1 } })
  })

  test('minimum and maximum keep the smaller and the greater number', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ up: 1, down: 1, text: 'x' })
    await document.update({ up: FieldValue.maximum(3), down: FieldValue.minimum(3), text: FieldValue.maximum(2) })
    expect((await document.get()).data()).toEqual({ up: 3, down: 1, text: 2 })
  })

  test('a list gains what it lacks and loses every copy of what is taken away', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ list: [1, 2, 2, { a: 1 }], other: 7 })
    await document.update({ list: FieldValue.arrayUnion(2, 3, 3, { a: 1 }, null), other: FieldValue.arrayUnion('x') })
    expect((await document.get()).data()).toEqual({ list: [1, 2, 2, { a: 1 }, 3, null], other: ['x'] })
    await document.update({ list: FieldValue.arrayRemove(2, { a: 1 }), other: FieldValue.arrayRemove('y') })
    expect((await document.get()).data()).toEqual({ list: [1, 3, null], other: ['x'] })
  })

  test("the server's time is one for all fields of a commit and close to the write's own", async () => {
    const document = bench.freshCollection().doc('d')
    const { writeTime } = await document.set({
      at: FieldValue.serverTimestamp(),
      deep: { at: FieldValue.serverTimestamp() },
    })
    const read = await document.get()
    expect(read.get('at').isEqual(read.get('deep.at'))).toBe(true)
    expect(Math.abs(read.get('at').toMillis() - writeTime.toMillis())).toBeLessThan(1000)
    expect(read.get('at').nanoseconds % 1_000_000).toBe(0)
  })

  test('a write that changes nothing leaves the update time as it was', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1, b: [1, { c: 2 }] })
    const before = await document.get()
    await document.set({ b: [1, { c: 2 }], a: 1 })
    await document.update({ a: 1 })
    expect((await document.get()).updateTime?.isEqual(before.updateTime!)).toBe(true)
    await document.update({ a: 2 })
    expect((await document.get()).updateTime?.isEqual(before.updateTime!)).toBe(false)
  })

  test('a document that is deleted and made again is a new one', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ a: 1 })
    await document.delete()
    const { writeTime } = await document.set({ a: 1 })
    expect((await document.get()).createTime?.isEqual(writeTime)).toBe(true)
  })

  test('a document above 1 MiB is refused, one just below is kept', async () => {
    const document = bench.freshCollection().doc('big')
    await expect(document.set({ text: 'x'.repeat(1_048_576) })).rejects.toMatchObject(INVALID_ARGUMENT)
    await document.set({ text: 'x'.repeat(1_048_000) })
    expect((await document.get()).get('text')).toHaveLength(1_048_000)
  })

  test('reserved names of fields, documents and collections are refused', async () => {
    const collection = bench.freshCollection()
    await expect(collection.doc('d').set({ __a__: 1 })).rejects.toMatchObject(INVALID_ARGUMENT)
    await expect(collection.doc('__a__').set({ a: 1 })).rejects.toMatchObject(INVALID_ARGUMENT)
    await expect(bench.firestore().doc('__a__/d').set({ a: 1 })).rejects.toMatchObject(INVALID_ARGUMENT)
  })

  test('writes of one batch that contradict each other are refused, whatever is stored', async () => {
    const collection = bench.freshCollection()
    const commit = (build: (batch: WriteBatch, document: DocumentReference) => void) => {
      const batch = bench.firestore().batch()
      build(batch, collection.doc('d'))
      return batch.commit()
    }
    const refused = { code: 3 }
    await expect(commit((batch, d) => batch.set(d, {}).create(d, {}))).rejects.toMatchObject(refused)
    await expect(commit((batch, d) => batch.create(d, {}).create(d, {}))).rejects.toMatchObject(refused)
    await expect(commit((batch, d) => batch.delete(d).update(d, { n: 1 }))).rejects.toMatchObject(refused)
    await expect(commit((batch, d) => batch.delete(d).create(d, { n: 1 }))).resolves.toHaveLength(2)
  })

  test('a path of more than 100 documents is refused', async () => {
    const pathOf = (documents: number) => Array.from({ length: documents }, (_, n) => `c/d${n}`).join('/')
    const root = bench.freshCollection().path
    const write = (documents: number) =>
      bench
        .firestore()
        .doc(`${root}/top/${pathOf(documents - 1)}`)
        .set({ n: 1 })
    await expect(write(100)).resolves.toBeDefined()
    await expect(write(101)).rejects.toMatchObject({ code: 3 })
  })

  test('a bulk writer writes what it can and reports each failure by itself', async () => {
    const collection = bench.freshCollection()
    const writer = bench.firestore().bulkWriter()
    writer.onWriteError(() => false)
    const written = Array.from({ length: 30 }, (_, index) => writer.set(collection.doc(`d${index}`), { index }))
    const refused = writer.update(collection.doc('missing'), { a: 1 })
    refused.catch(() => {})
    await writer.close()
    await Promise.all(written)
    await expect(refused).rejects.toMatchObject(NOT_FOUND)
    expect((await collection.get()).size).toBe(30)
  })

  test('a bulk writer tries a refused write again as often as it is told', async () => {
    const document = bench.freshCollection().doc('taken')
    await document.set({ n: 1 })
    const writer = bench.firestore().bulkWriter()
    const failures: number[] = []
    writer.onWriteError(({ failedAttempts }) => {
      failures.push(failedAttempts)
      return failedAttempts < 2
    })
    const created = writer.create(document, { n: 2 })
    created.catch(() => {})
    await writer.close()
    await expect(created).rejects.toMatchObject(ALREADY_EXISTS)
    expect(failures).toEqual([1, 2])
    expect((await document.get()).get('n')).toBe(1)
  })

  test('many documents are read at once, in the order asked for, with the fields asked for', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({ x: 1, y: { z: 2, w: 3 } })
    const wanted = [collection.doc('missing'), collection.doc('a'), collection.doc('missing')]
    const found = await bench.firestore().getAll(...wanted, { fieldMask: ['y.z', 'none'] })
    expect(found.map((each) => each.data())).toEqual([undefined, { y: { z: 2 } }, undefined])
  })
}
