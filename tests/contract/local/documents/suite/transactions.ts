import { AggregateField, FieldValue, type Timestamp } from '@google-cloud/firestore'
import type { Bench } from '../suite.ts'

export function transactionsContract(bench: Bench): void {
  test('20 clients that increment one counter lose no update', async () => {
    const path = bench.freshCollection().doc('counter').path
    await bench.firestore().doc(path).set({ n: 0 })
    const clients = Array.from({ length: 20 }, () => bench.newClient())
    await Promise.all(
      clients.map((client) =>
        client.runTransaction(
          async (transaction) => {
            const counter = client.doc(path)
            const n: number = (await transaction.get(counter)).get('n')
            transaction.update(counter, { n: n + 1 })
          },
          { maxAttempts: 20 },
        ),
      ),
    )
    expect((await bench.firestore().doc(path).get()).get('n')).toBe(20)
  }, 120_000)

  test('transactions that create the same document see each other', async () => {
    const document = bench.freshCollection().doc('claimed')
    const claim = (owner: number) =>
      bench.firestore().runTransaction(async (transaction) => {
        if ((await transaction.get(document)).exists) return false
        transaction.create(document, { owner })
        return true
      })
    const claims = await Promise.all([1, 2, 3, 4, 5].map(claim))
    expect(claims.filter((won) => won)).toHaveLength(1)
  })

  test('a plain write waits for a transaction that has read the document', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ n: 1 })
    let written: Promise<unknown> = Promise.resolve()
    await bench.firestore().runTransaction(
      async (transaction) => {
        const n: number = (await transaction.get(document)).get('n')
        written = document.set({ n: 100 })
        // A round trip on the same connection: the write has arrived before this.
        await transaction.get(document)
        transaction.update(document, { n: n + 1, seen: true })
      },
      { maxAttempts: 1 },
    )
    await written
    expect((await document.get()).data()).toEqual({ n: 100 })
  })

  test('no document comes into the result of a query while its transaction runs', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({ open: true })
    const takeAll = () =>
      bench.firestore().runTransaction(
        async (transaction) => {
          const found = await transaction.get(collection.where('open', '==', true))
          transaction.set(collection.doc(), { open: true, sawBefore: found.size })
        },
        { maxAttempts: 20 },
      )
    await Promise.all([takeAll(), takeAll(), takeAll()])
    const saw = (await collection.get()).docs.map((each) => each.get('sawBefore')).filter((size) => size !== undefined)
    expect(saw.sort()).toEqual([1, 2, 3])
  })

  test('a transaction whose function fails writes nothing and lets the others go on', async () => {
    const document = bench.freshCollection().doc('d')
    await document.set({ n: 1 })
    const failing = bench.firestore().runTransaction(async (transaction) => {
      await transaction.get(document)
      transaction.update(document, { n: 2 })
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    await document.update({ n: FieldValue.increment(10) })
    expect((await document.get()).get('n')).toBe(11)
  })

  test('writes of a transaction are kept together', async () => {
    const collection = bench.freshCollection()
    const transfer = bench.firestore().runTransaction(async (transaction) => {
      await transaction.get(collection.doc('a'))
      transaction.set(collection.doc('a'), { n: 1 })
      transaction.update(collection.doc('missing'), { n: 1 })
    })
    await expect(transfer).rejects.toMatchObject({ code: 5 })
    expect((await collection.get()).empty).toBe(true)
  })

  test("a snapshot's read time is the server's time of that read", async () => {
    const document = bench.freshCollection().doc('d')
    const { writeTime } = await document.set({ n: 1 })
    const first = await bench.firestore().runTransaction(async (transaction) => transaction.get(document))
    const { writeTime: later } = await document.set({ n: 2 })
    const second = await bench.firestore().runTransaction(async (transaction) => transaction.get(document))
    const times = [writeTime, first.readTime, later, second.readTime].map((time) => time.valueOf())
    expect(times).toEqual([...times].sort())
  })

  test('a read-only transaction sees one moment', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({ n: 1 })
    const seen = await bench.firestore().runTransaction(
      async (transaction) => {
        const first = await transaction.get(collection.doc('a'))
        await collection.doc('a').set({ n: 2 })
        await collection.doc('b').set({ n: 2 })
        const second = await transaction.get(collection.doc('a'))
        const all = await transaction.get(collection)
        return [first.get('n'), second.get('n'), all.size]
      },
      { readOnly: true },
    )
    expect(seen).toEqual([1, 1, 1])
  })

  test('the past can be read at a time', async () => {
    const document = bench.freshCollection().doc('d')
    const { writeTime: before } = await document.parent.doc('earlier').set({})
    const { writeTime: readTime } = await document.set({ n: 1 })
    await document.delete()
    const readAt = (time: Timestamp) =>
      bench
        .firestore()
        .runTransaction(async (transaction) => transaction.get(document), { readOnly: true, readTime: time })
    expect((await readAt(readTime)).get('n')).toBe(1)
    await expect(readAt(before).then((each) => each.exists)).resolves.toBe(false)
  })

  test('queries and aggregations see the past, too', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({ n: 1 })
    const { writeTime: readTime } = await collection.doc('b').set({ n: 2 })
    await collection.doc('a').delete()
    await collection.doc('b').update({ n: 20 })
    await collection.doc('c').set({ n: 3 })
    const seen = await bench.firestore().runTransaction(
      async (transaction) => {
        const found = await transaction.get(collection.where('n', '<', 10).orderBy('n', 'desc'))
        const total = await transaction.get(collection.aggregate({ sum: AggregateField.sum('n') }))
        return { ids: found.docs.map((each) => each.id), sum: total.data().sum }
      },
      { readOnly: true, readTime },
    )
    expect(seen).toEqual({ ids: ['b', 'a'], sum: 3 })
  })
}
