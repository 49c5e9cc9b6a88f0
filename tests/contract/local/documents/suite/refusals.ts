import { FieldPath, Filter, type Query } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

/** A query of a running transaction: the client retries refused ones for seconds elsewhere. */
function ask(query: Query): Promise<unknown> {
  return query.firestore.runTransaction(
    async (transaction) => {
      await transaction.get(query.firestore.doc('begins/transaction'))
      await transaction.get(query)
    },
    { maxAttempts: 1 },
  )
}

export function refusalsContract(bench: Bench): void {
  const id = FieldPath.documentId()
  const many = Array.from({ length: 31 }, (_, index) => index)
  const invalid: [string, (query: Query) => Query][] = [
    ['not-in beside in', (query) => query.where('a', 'not-in', [1]).where('b', 'in', [1])],
    ['not-in beside !=', (query) => query.where('a', 'not-in', [1]).where('b', '!=', 1)],
    ['two times !=', (query) => query.where('a', '!=', 1).where('b', '!=', 1)],
    [
      'not-in inside or',
      (query) => query.where(Filter.or(Filter.where('a', 'not-in', [1]), Filter.where('b', '==', 1))),
    ],
    ['an empty list for in', (query) => query.where('a', 'in', [])],
    ['more than 30 alternatives', (query) => query.where('a', 'in', many)],
    ['more than 10 values for not-in', (query) => query.where('a', 'not-in', many.slice(0, 11))],
    [
      'more than 30 alternatives of several choices',
      (query) => query.where('a', 'in', many.slice(0, 6)).where('b', 'in', many.slice(0, 6)),
    ],
    [
      // Multiplied out these would be more than any memory holds.
      'alternatives beyond number',
      (query) => many.reduce((all, n) => all.where(`f${n}`, 'in', [1, 2, 3]), query),
    ],
    ['two array searches at once', (query) => query.where('a', 'array-contains', 1).where('b', 'array-contains', 2)],
    ['an order given twice', (query) => query.orderBy('a').orderBy('a')],
    ['an order after the name', (query) => query.orderBy(id).orderBy('a')],
    ['one name with a range of another field', (query) => query.where(id, '==', 'x').where('a', '>', 1)],
    [
      'ranges of more than 10 fields',
      (query) => many.slice(0, 11).reduce((all, n) => all.where(`f${n}`, '>', 1), query),
    ],
    ['a value above 1,500 bytes', (query) => query.where('a', '==', 's'.repeat(1500))],
    ['a list with a value above 1,500 bytes', (query) => query.where('a', 'in', [1, 's'.repeat(1500)])],
    [
      'more than 100 filters and orders',
      (query) =>
        Array.from({ length: 60 }, (_, n) => `f${n}`).reduce(
          (all, field) => all.where(field, '==', 1).orderBy(field),
          query,
        ),
    ],
    ['a reserved collection', (query) => query.firestore.collectionGroup('__reserved__')],
  ]

  test.each(invalid)('refuses %s as INVALID_ARGUMENT', async (_, build) => {
    await expect(ask(build(bench.freshCollection()))).rejects.toMatchObject({ code: 3 })
  })

  test('refuses names alone in descending order as FAILED_PRECONDITION', async () => {
    const collection = bench.freshCollection()
    await expect(ask(collection.orderBy(id, 'desc'))).rejects.toMatchObject({ code: 9 })
    await expect(ask(collection.orderBy(id, 'desc').orderBy(id, 'desc'))).rejects.toMatchObject({ code: 9 })
    await expect(ask(collection.orderBy(id, 'desc').orderBy(id))).rejects.toMatchObject({ code: 3 })
  })

  test('allows 30 alternatives', async () => {
    await expect(ask(bench.freshCollection().where('a', 'in', many.slice(0, 30)))).resolves.toBeUndefined()
  })

  test('tells a listener why its query is refused', async () => {
    const query = bench.freshCollection().where('a', '!=', 1).where('b', '!=', 1)
    const error = await new Promise<Error>((resolve, reject) => {
      query.onSnapshot(() => reject(new Error('It was accepted.')), resolve)
    })
    expect(error.message).toMatch(/3.*NOT_EQUAL/)
  })
}
