import { createHash } from 'node:crypto'
import { z } from 'zod'
import { sleep } from '#shared/retry/sleep.ts'
import type { TrainingRecord } from '../../cli/api/records.ts'
import { localBuckets } from '../environment.ts'
import type { AppClients } from './clients.ts'

/** Where nothing may be left of a training that is over. */
const TEMPORARY_PLACES = [
  { bucket: localBuckets.work, prefix: '' },
  { bucket: localBuckets.models, prefix: 'work/' },
]
/** The jobs tidy up behind the end that people see. */
const TIDY_WITHIN_MS = 15_000
const POLL_MS = 100

const mailSchema = z.object({ to: z.string(), message: z.object({ subject: z.string() }) })

/**
 * Checks what a training has left: weights with the hash that the model names, one mail, no temporary file.
 * @returns the mail in words. @throws Error with what is wrong.
 */
export async function checkTrainingEnd(
  clients: AppClients,
  training: TrainingRecord,
  signal: AbortSignal,
): Promise<{ mail: string }> {
  await checkWeights(clients, training)
  const { docs } = await clients.firestore.collection('mail').get()
  const [mail, ...rest] = docs
  if (mail === undefined || rest.length > 0) throw new Error(`There are ${docs.length} mails, not one.`)
  const { to, message } = mailSchema.parse(mail.data())
  await untilTidy(clients, signal)
  return { mail: `mail/${mail.id} to ${to}: ${message.subject}` }
}

async function checkWeights({ storage }: AppClients, { model }: TrainingRecord): Promise<void> {
  const [, bucket = '', name = ''] = /^gs:\/\/([^/]+)\/(.+)$/.exec(model?.gcsUri ?? '') ?? []
  const hash = createHash('sha256')
  for await (const chunk of storage.bucket(bucket).file(name).createReadStream()) hash.update(chunk as Buffer)
  const sha256 = hash.digest('hex')
  if (sha256 !== model?.sha256) throw new Error(`The model names ${model?.sha256}, the bucket has ${sha256}.`)
}

async function untilTidy({ storage }: AppClients, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + TIDY_WITHIN_MS
  for (;;) {
    const found = await Promise.all(
      TEMPORARY_PLACES.map(async ({ bucket, prefix }) => (await storage.bucket(bucket).getFiles({ prefix }))[0]),
    )
    const left = found.flat().map((file) => `gs://${file.bucket.name}/${file.name}`)
    if (left.length === 0) return
    if (Date.now() > deadline) throw new Error(`Temporary files are left: ${left.join(', ')}`)
    await sleep(POLL_MS, signal)
  }
}
