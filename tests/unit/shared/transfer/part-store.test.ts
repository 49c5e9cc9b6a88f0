import { setImmediate as turn } from 'node:timers/promises'
import { Crc32c } from '#shared/objects/crc32c.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams, ObjectUpload } from '#shared/objects/object-streams.ts'
import { PartStore } from '#shared/transfer/part-store.ts'

const bytes = Buffer.from('a part')
const crc32c = (() => {
  const sum = new Crc32c()
  sum.update(bytes)
  return sum.toString()
})()

/** A bucket that takes all bytes and has not said yet whether it stored them. */
function slowBucket() {
  const word = Promise.withResolvers<ObjectFacts>()
  const uploads: ObjectUpload[] = []
  const streams = {
    async write(upload: ObjectUpload) {
      uploads.push(upload)
      for await (const _chunk of upload.chunks);
      const cut = new Promise<never>((_resolve, reject) => {
        const onAbort = () => reject(upload.signal?.reason)
        if (upload.signal?.aborted) onAbort()
        else upload.signal?.addEventListener('abort', onAbort)
      })
      return await Promise.race([word.promise, cut])
    },
  } as unknown as ObjectStreams
  const store = new PartStore({ objects: {} as ObjectStore, streams, bucket: 'b', prefix: 'work/1/0/' })
  const facts = { name: 'work/1/0/part-00000', generation: '7', sizeBytes: bytes.length, crc32c } as ObjectFacts
  return { store, uploads, sayStored: () => word.resolve(facts) }
}

function write(store: PartStore, signal: AbortSignal, gate: Promise<void> = Promise.resolve()) {
  const passed = { sizeBytes: 0, isComplete: false, crc32c: () => crc32c }
  async function* chunks() {
    yield bytes
    await gate
    passed.sizeBytes = bytes.length
    passed.isComplete = true
  }
  return { passed, written: store.write({ index: 0, chunks: chunks(), sizeBytes: bytes.length, passed, signal }) }
}

test('a part whose bytes have all passed is waited for when the copy ends, so that a clean-up finds it', async () => {
  const { store, uploads, sayStored } = slowBucket()
  const end = new AbortController()
  const { passed, written } = write(store, end.signal)
  while (!passed.isComplete) await turn()
  end.abort(new Error('canceled'))
  expect(uploads[0]?.signal?.aborted).toBe(false)
  sayStored()
  expect(await written).toMatchObject({ index: 0, generation: '7' })
})

test('a part that is still passing is cut at once', async () => {
  const { store, uploads } = slowBucket()
  const end = new AbortController()
  const gate = Promise.withResolvers<void>()
  const { written } = write(store, end.signal, gate.promise)
  while (uploads.length === 0) await turn()
  end.abort(new Error('canceled'))
  expect(uploads[0]?.signal?.aborted).toBe(true)
  gate.resolve()
  await expect(written).rejects.toThrow('canceled')
})
