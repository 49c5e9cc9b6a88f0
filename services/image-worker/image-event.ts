import type { CloudEvent } from '#shared/events/cloud-event.ts'
import type { ImageInput } from './image-input.ts'
import { parseUploadName } from './object-names.ts'

/** Eventarc filters by bucket and nothing else: most events of the app's bucket are not for us. */
export function imageInputOf(event: CloudEvent, bucket: string): ImageInput | { notOurs: string } {
  if (event.kind !== 'object-finalized')
    return { notOurs: `Events of type ${event.type} are not for the image worker.` }
  if (event.bucket !== bucket) return { notOurs: `Bucket ${event.bucket} is not ours.` }
  const owner = parseUploadName(event.name)
  if (!owner) return { notOurs: 'Only raw-uploads/{userId}/{characterId}/{file} is processed.' }
  return {
    source: 'upload',
    ...owner,
    bucket: event.bucket,
    name: event.name,
    generation: event.generation,
    // Without the object's own time its generation serves: Cloud Storage makes it of the microsecond.
    uploadedAtMs: event.timeCreated?.getTime() ?? Number(BigInt(event.generation) / 1000n),
  }
}
