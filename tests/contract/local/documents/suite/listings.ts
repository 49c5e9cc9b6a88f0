import type { Bench } from '../suite.ts'

export function listingsContract(bench: Bench): void {
  test('documents are listed with those that are only parents of others', async () => {
    const collection = bench.freshCollection()
    await collection.doc('here').set({ n: 1 })
    await collection.doc('parent').collection('sub').doc('x').set({ n: 1 })
    const listed = await collection.listDocuments()
    expect(listed.map((each) => each.id)).toEqual(['here', 'parent'])
    expect((await collection.get()).size).toBe(1)
  })

  test('collections are listed under a document, and no longer once they are empty', async () => {
    const document = bench.freshCollection().doc('d')
    await document.collection('one').doc('x').set({})
    await document.collection('two').doc('x').set({})
    expect((await document.listCollections()).map((each) => each.id)).toEqual(['one', 'two'])
    await document.collection('one').doc('x').delete()
    expect((await document.listCollections()).map((each) => each.id)).toEqual(['two'])
  })

  test('a recursive delete takes what lies under a document and nothing beside it', async () => {
    const collection = bench.freshCollection()
    await collection.doc('a').set({})
    await collection.doc('a/sub/b').set({})
    await collection.doc('a/sub/b/deep/c').set({})
    await collection.doc('ab').set({})
    await bench.firestore().recursiveDelete(collection.doc('a'))
    expect((await collection.listDocuments()).map((each) => each.id)).toEqual(['ab'])
  })

  test('a recursive delete of a collection leaves its neighbours', async () => {
    const collection = bench.freshCollection()
    const neighbour = bench.firestore().doc(`${collection.id}-2/a`)
    await neighbour.set({})
    for (const id of ['a', 'b', 'b/sub/c']) await collection.doc(id).set({})
    await bench.firestore().recursiveDelete(collection)
    expect(await collection.listDocuments()).toEqual([])
    expect((await bench.firestore().doc(`${collection.id}/b/sub/c`).get()).exists).toBe(false)
    expect((await neighbour.get()).exists).toBe(true)
  })
}
