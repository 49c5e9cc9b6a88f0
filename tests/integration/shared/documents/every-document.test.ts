import { everyDocument } from '#shared/documents/every-document.ts'
import { useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()

beforeAll(async () => {
  for (const [index, id] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
    await documents.db.doc(`things/${id}`).set({ isOdd: index % 2 === 1 })
  }
})

async function ids(pageSize: number, after: string | null = null): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of everyDocument(documents.db.collection('things'), { after, pageSize })) found.push(id)
  return found
}

test.each([1, 2, 4, 6, 7])('finds every document once, in pages of %d', async (pageSize) => {
  expect(await ids(pageSize)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
})

test('begins behind the given id', async () => {
  expect(await ids(2, 'c')).toEqual(['d', 'e', 'f'])
  expect(await ids(2, 'f')).toEqual([])
})

test('keeps to what the query asks for, and reads no page that nobody came to', async () => {
  const odd = documents.db.collection('things').where('isOdd', '==', true)
  const found: string[] = []
  for await (const { id } of everyDocument(odd, { pageSize: 2 })) {
    found.push(id)
    // Were the next page read already, this one would not be missed.
    if (id === 'd') await documents.db.doc('things/f').delete()
  }
  expect(found).toEqual(['b', 'd'])
})
