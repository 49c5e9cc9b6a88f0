import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import type { Admission } from '#shared/jobs/definition.ts'
import { withinDailyCap } from '../../../../services/image-worker/daily-cap.ts'
import type { ImageInput } from '../../../../services/image-worker/image-input.ts'

// Neither may be touched: what isn't counted costs no read.
const untouchable = new Proxy({}, { get: () => expect(null).toBe('never read') })
const db = untouchable as Firestore
const transaction = untouchable as Transaction
const now = Timestamp.fromMillis(0)
const run: Admission = { kind: 'run', note: {}, slot: null }
const upload: ImageInput = {
  source: 'upload',
  userId: 'ann',
  characterId: 'zoe',
  bucket: 'app',
  name: 'raw-uploads/ann/zoe/1.png',
  generation: '1',
  uploadedAtMs: 0,
}
const byOperator: ImageInput = {
  source: 'main-image',
  userId: 'ann',
  characterId: 'zoe',
  imageUrl: 'https://x.example/p',
  requestedAt: '0.0',
  requestedAtMs: 0,
  askedBy: 'operator',
}
const refusal: Admission = { kind: 'end', state: 'canceled', code: 'image.not-wanted', message: 'Nobody wants it.' }

test.each<[what: string, input: ImageInput, admission: Admission, perDay: number]>([
  ['with IMAGES_PER_DAY=0', upload, run, 0],
  ['for an operator', byOperator, run, 1],
  ['for a job that is not let in anyway', upload, refusal, 1],
])('nothing is counted %s', async (_what, input, admission, perDay) => {
  expect(await withinDailyCap(db, { admission, input, transaction, now, perDay })).toBe(admission)
})
