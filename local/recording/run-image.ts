import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { sendPicture } from '../app/send-picture.ts'
import { LOCAL_CLIPDROP_KEY } from '../clipdrop/account.ts'
import type { LocalCloud } from '../cloud.ts'
import { localBuckets } from '../environment.ts'
import type { RecordedCloud } from './recorded-cloud.ts'
import { until } from './until.ts'

const PICTURE = fileURLToPath(new URL('../../docs/images/demo.jpg', import.meta.url))
const USER = 'local-user'

/** ClipDrop's stand-in for both steps, as a deployment with a key has them. */
export function clipdropEnvironment(cloud: LocalCloud): Record<string, string> {
  return {
    BACKGROUND_PROVIDERS: 'clipdrop',
    UPSCALE_PROVIDERS: 'clipdrop',
    CLIPDROP_API_KEY: LOCAL_CLIPDROP_KEY,
    CLIPDROP_BASE_URL: cloud.clipdrop.url,
  }
}

/** One picture from its upload to its showcase image, as `npm run demo` sends it. @returns the character */
export async function runImage(
  { clients }: RecordedCloud,
  signal: AbortSignal = new AbortController().signal,
): Promise<string> {
  const sent = await sendPicture(clients, { bucket: localBuckets.app, path: PICTURE, say: () => undefined, signal })
  return sent.characterId
}

/** A character whose main image is changed is deleted while the new showcase is being made: the old one has to go too. */
export async function deleteWhileWorking(recorded: RecordedCloud, characterId: string): Promise<void> {
  const { clients, cloud } = recorded
  cloud.clipdrop.inject({ fault: { kind: 'delay', ms: 400 }, times: 1, endpoint: 'upscale' })
  await changeImage(recorded, characterId)
  const character = clients.firestore.collection('characters').doc(characterId)
  await until(async () => (await character.get()).get('visuals.showcaseProcessingStatus') === 'upscaling')
  await character.delete()
  const prefix = `showcase-images/${USER}/${characterId}`
  await until(async () => (await clients.storage.bucket(localBuckets.app).getFiles({ prefix }))[0].length === 0)
}

/** A provider that asks for a pause much longer than a request lasts: the job is woken later, by a task. */
export async function waitForRate(recorded: RecordedCloud, characterId: string): Promise<void> {
  const { cloud } = recorded
  const headers = { 'retry-after': '3600' }
  cloud.clipdrop.inject({ fault: { kind: 'status', status: 429, headers }, times: 1, endpoint: 'remove-background' })
  await changeImage(recorded, characterId)
  const tasks = () => recorded.quantities()['image-worker']?.tasks ?? 0
  const before = tasks()
  await until(async () => tasks() > before)
}

/** As the app does it: another upload, and the document names it. */
async function changeImage({ clients }: RecordedCloud, characterId: string): Promise<void> {
  const file = clients.storage.bucket(localBuckets.app).file(`raw-uploads/${USER}/${characterId}/${randomUUID()}.png`)
  const update = {
    'visuals.imageUrl': file.publicUrl(),
    'visuals.isShowcaseProcessed': false,
    'visuals.showcaseProcessingStatus': 'idle',
  }
  await clients.firestore.collection('characters').doc(characterId).update(update)
  await file.save(await readFile(PICTURE), { resumable: false, public: true, contentType: 'image/jpeg' })
}
