import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import { startDocuments } from '../../../support/documents.ts'
import { type GoogleSide, startGoogleSide } from '../../../support/google-side.ts'

let google: GoogleSide
let store: ObjectStore
beforeAll(async () => {
  google = await startGoogleSide({
    documents: startDocuments,
    buckets: ['work'],
  })
  store = new ObjectStore(google.storage)
})
afterAll(() => google.close())

async function fill(prefix: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}part-${index}`)
  await Promise.all(names.map((name) => google.storage.bucket('work').file(name).save('x', { resumable: false })))
}

async function names(): Promise<string[]> {
  const [files] = await google.storage.bucket('work').getFiles()
  return files.map(({ name }) => name)
}

test('removes everything below the prefix, sixteen at once, and nothing beside it', async () => {
  await fill('work/a/', 37)
  await fill('work/ab/', 1)
  let atOnce = 0
  let most = 0
  const remove = async (object: ObjectFacts) => {
    most = Math.max(most, ++atOnce)
    await store.remove(object, object.generation)
    atOnce -= 1
  }
  await removeBelow(store, { bucket: 'work', prefix: 'work/a/' }, remove)
  expect([await names(), most]).toEqual([['work/ab/part-0'], 16])
  await removeBelow(store, { bucket: 'work', prefix: 'work/ab/' })
  expect(await names()).toEqual([])
})

test('a removal that fails is the failure of all, and what is left goes the next time', async () => {
  await fill('work/b/', 20)
  let removals = 0
  const remove = async (object: ObjectFacts) => {
    removals += 1
    if (removals === 3) throw new Error('not today')
    await store.remove(object, object.generation)
  }
  await expect(removeBelow(store, { bucket: 'work', prefix: 'work/b/' }, remove)).rejects.toThrow('not today')
  expect(removals).toBe(16)
  await removeBelow(store, { bucket: 'work', prefix: 'work/b/' })
  expect(await names()).toEqual([])
})
