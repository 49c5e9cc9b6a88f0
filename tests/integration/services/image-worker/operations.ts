import { randomUUID } from 'node:crypto'
import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { findCharacter, wishForShowcase } from '#shared/documents/showcase-wishes.ts'
import { followJob } from '#shared/jobs/follow-job.ts'
import { createJobRequests } from '#shared/jobs/job-requests.ts'
import type { WakeRequest } from '#shared/jobs/wake.ts'
import { ObjectStore } from '#shared/objects/object-store.ts'
import {
  charactersWithoutShowcase,
  planPurge,
  purgeCharacter,
  requestShowcase,
} from '../../../../services/image-worker/operations/operations.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { type GoogleSide, startGoogleSide } from '../../../support/google-side.ts'

/** What operators do, on a document server: the conditions that only it can keep. */
export function operations(documents: StartDocuments): void {
  let google: GoogleSide
  let db: Firestore
  let store: ObjectStore
  beforeAll(async () => {
    google = await startGoogleSide({ documents, buckets: ['app', 'work'] })
    db = google.db
    store = new ObjectStore(google.storage)
  })
  afterAll(() => google.close())

  const woken: WakeRequest[] = []
  const requests = () =>
    createJobRequests({ db, wakeQueue: { wake: async (wake) => void woken.push(wake) }, deadlineMs: 86_400_000 })
  const purgeDeps = () => ({ db, store, bucket: 'app', workBucket: 'work' })

  async function addCharacter(visuals: Record<string, unknown> = {}): Promise<string> {
    const id = `character-${randomUUID()}`
    await db
      .doc(`characters/${id}`)
      .create({ visuals: { imageUrl: 'https://x.example/p', ...visuals }, meta: { userId: 'ann' } })
    return id
  }

  test('ten who ask at once ask for one job, which is woken', async () => {
    const characterId = await addCharacter()
    const jobs = requests()
    const asked = await Promise.all(Array.from({ length: 10 }, () => requestShowcase({ db, jobs }, { characterId })))
    const ids = new Set(asked.map((request) => ('jobId' in request ? request.jobId : request.kind)))
    expect(ids.size).toBe(1)
    const stored = await db.collection('jobs').where('subject', '==', `characters/${characterId}`).get()
    expect(stored.docs.map((job) => job.id)).toEqual([...ids])
    expect(stored.docs[0]!.get('input')).toMatchObject({ source: 'main-image', askedBy: 'operator', userId: 'ann' })
    expect(woken.some((wake) => ids.has(wake.jobId))).toBe(true)
  })

  test('a wish whose job was never written is taken up, not wished again', async () => {
    const characterId = await addCharacter()
    const seen = (await findCharacter(db, characterId))!
    const wishedAt = await wishForShowcase(db, seen)
    const request = await requestShowcase({ db, jobs: requests() }, { characterId })
    expect(request).toMatchObject({ kind: 'requested' })
    const after = await db.doc(`characters/${characterId}`).get()
    expect(after.updateTime).toEqual(wishedAt)
  })

  test('a wish is not written over what somebody has changed meanwhile, or deleted', async () => {
    const characterId = await addCharacter()
    const seen = (await findCharacter(db, characterId))!
    await db.doc(`characters/${characterId}`).update({ 'core.name': 'Zoë' })
    expect(await wishForShowcase(db, seen)).toBeNull()
    await db.doc(`characters/${characterId}`).delete()
    expect(await wishForShowcase(db, seen)).toBeNull()
    expect(await findCharacter(db, characterId)).toBeNull()
  })

  test('a condition is judged on the document that is written', async () => {
    const characterId = await addCharacter()
    const request = await requestShowcase({ db, jobs: requests() }, { characterId, onlyIf: () => false })
    expect(request).toEqual({ kind: 'not-needed' })
    expect((await findCharacter(db, characterId))?.status).toBeNull()
  })

  test('goes through more characters than a page holds, each once, and on behind a given one', async () => {
    const prefix = `page-${randomUUID().slice(0, 8)}-`
    const ids = Array.from({ length: 450 }, (_none, index) => `${prefix}${String(index).padStart(3, '0')}`)
    const writer = db.bulkWriter()
    for (const id of ids) {
      void writer.create(db.doc(`characters/${id}`), {
        visuals: { imageUrl: 'https://x.example/p' },
        meta: { userId: 'ann' },
      })
    }
    await writer.close()
    const found = async (after: string | null) => {
      const seen: string[] = []
      for await (const { id } of charactersWithoutShowcase(db, { failedToo: false, after })) seen.push(id)
      return seen.filter((id) => id.startsWith(prefix))
    }
    expect(await found(null)).toEqual(ids)
    expect(await found(ids[399]!)).toEqual(ids.slice(400))
  })

  test('following ends with an error when the job is removed', async () => {
    const characterId = await addCharacter()
    const request = await requestShowcase({ db, jobs: requests() }, { characterId })
    if (request.kind !== 'requested') throw new Error(request.kind)
    const states: string[] = []
    const followed = followJob(db, request.jobId, {
      onChange: (job) => {
        states.push(job.state)
        void db.doc(`jobs/${request.jobId}`).delete()
      },
    })
    await expect(followed).rejects.toMatchObject({ code: 'job.removed' })
    expect(states).toEqual(['queued'])
  })

  test('a job that begins while a purge removes objects is found, and nothing of the books is lost', async () => {
    const characterId = await addCharacter()
    const request = await requestShowcase({ db, jobs: requests() }, { characterId })
    if (request.kind !== 'requested') throw new Error(request.kind)
    const plan = await planPurge(purgeDeps(), { characterId, withRaw: false })
    expect(plan.jobIds).toEqual([request.jobId])
    const begins = {
      remove: async () => {
        const expiresAt = Timestamp.fromMillis(Date.now() + 60_000)
        await db.doc(`jobs/${request.jobId}`).update({ lease: { owner: 'x', expiresAt } })
      },
    }
    const output = {
      bucket: 'app',
      name: 'x',
      generation: '1',
      sizeBytes: 1,
      contentType: null,
      timeCreated: new Date(),
      metadata: {},
      crc32c: null,
      metageneration: '1',
    }
    const store = Object.assign(Object.create(ObjectStore.prototype) as ObjectStore, begins)
    const purged = purgeCharacter({ ...purgeDeps(), store }, { ...plan, outputs: [output] })
    await expect(purged).rejects.toMatchObject({ code: 'purge.under-way' })
    expect((await db.doc(`jobs/${request.jobId}`).get()).exists).toBe(true)
  })

  test('a queued job is purged with its wish, so that nobody waits for it', async () => {
    const characterId = await addCharacter()
    await requestShowcase({ db, jobs: requests() }, { characterId })
    await purgeCharacter(purgeDeps(), await planPurge(purgeDeps(), { characterId, withRaw: false }))
    expect(await findCharacter(db, characterId)).toMatchObject({ status: 'idle', isProcessed: false, userId: 'ann' })
    expect((await db.collection('jobs').where('subject', '==', `characters/${characterId}`).get()).size).toBe(0)
  })
}
