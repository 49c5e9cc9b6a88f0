import { AggregateField, FieldPath, Filter } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

export function aggregationsContract(bench: Bench): void {
  const prices = async () => {
    const collection = bench.freshCollection()
    const batch = bench.firestore().batch()
    for (const [id, price] of Object.entries({ a: 1, b: 2.5, c: 'free', d: 4 }))
      batch.set(collection.doc(id), { price })
    batch.set(collection.doc('e'), { other: 1 })
    await batch.commit()
    return collection
  }

  test('counts all documents, filtered ones and up to a limit', async () => {
    const collection = await prices()
    expect((await collection.count().get()).data()).toEqual({ count: 5 })
    expect((await collection.where('price', '>', 1).count().get()).data()).toEqual({ count: 2 })
    expect((await collection.limit(3).count().get()).data()).toEqual({ count: 3 })
  })

  test('sums and averages numbers and passes over the rest', async () => {
    const query = (await prices()).aggregate({
      sum: AggregateField.sum('price'),
      average: AggregateField.average('price'),
    })
    expect((await query.get()).data()).toEqual({ sum: 7.5, average: 2.5 })
  })

  test('a count beside a sum is of the documents that have the field', async () => {
    const query = (await prices()).aggregate({ sum: AggregateField.sum('price'), count: AggregateField.count() })
    expect((await query.get()).data()).toEqual({ sum: 7.5, count: 4 })
  })

  test('of nothing the sum is 0 and the average null', async () => {
    const query = bench.freshCollection().aggregate({
      sum: AggregateField.sum('price'),
      average: AggregateField.average('price'),
      count: AggregateField.count(),
    })
    expect((await query.get()).data()).toEqual({ sum: 0, average: null, count: 0 })
  })

  test('a field of a range is summed beside names, another field is not', async () => {
    const collection = await prices()
    const named = Filter.or(Filter.where('price', '>', 2), Filter.where(FieldPath.documentId(), '>=', 'd'))
    const sum = (field: string) =>
      collection
        .where(named)
        .aggregate({ sum: AggregateField.sum(field) })
        .get()
    expect((await sum('price')).data()).toEqual({ sum: 6.5 })
    await expect(sum('other')).rejects.toMatchObject({ code: 3 })
  })
}
