import * as z from 'zod'
import type { EventAttributes, ObjectFinalizedEvent } from './cloud-event.ts'
import type { EventData, PubsubMessage } from './envelope.ts'
import { badField, missingField, UndecodableEventError } from './event-error.ts'
import { parseTimestamp } from './timestamp.ts'

export const OBJECT_FINALIZED = 'google.cloud.storage.object.v1.finalized'

/** The names under which raw bucket notifications know the same changes. */
const NOTIFICATION_TYPES = new Map([
  ['OBJECT_FINALIZE', OBJECT_FINALIZED],
  ['OBJECT_DELETE', 'google.cloud.storage.object.v1.deleted'],
  ['OBJECT_ARCHIVE', 'google.cloud.storage.object.v1.archived'],
  ['OBJECT_METADATA_UPDATE', 'google.cloud.storage.object.v1.metadataUpdated'],
])

/** 64-bit numbers are strings from the real service and numbers in Google's own samples. */
const uint64 = z.union([z.string().regex(/^\d{1,20}$/), z.int().nonnegative().transform(String)])
const instant = z.string().transform((text, context) => {
  const at = parseTimestamp(text)
  if (at !== null) return new Date(at.seconds * 1000 + Math.floor(at.nanos / 1_000_000))
  context.addIssue({ code: 'custom', message: 'not an RFC 3339 time' })
  return z.NEVER
})

const StorageObject = z.object({
  bucket: z.string().min(1),
  name: z.string().min(1),
  generation: uint64,
  metageneration: uint64.nullish(),
  size: uint64.nullish(),
  contentType: z.string().nullish(),
  md5Hash: z.string().nullish(),
  crc32c: z.string().nullish(),
  timeCreated: instant.nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
})

/** Reads an object event's body, the JSON API's object resource. Throws UndecodableEventError. */
export function readObjectFinalized(attributes: EventAttributes, data: EventData): ObjectFinalizedEvent {
  if (data.encoding !== 'json') {
    const message = 'A Cloud Storage event must come as JSON.'
    throw new UndecodableEventError('content-type', message, { field: 'content-type' })
  }
  return toEvent(attributes, data.json)
}

/**
 * Reads a bucket notification that was pushed from its Pub/Sub topic without Eventarc: the same object resource, with
 * the attributes of the notification around it. Returns null for a message that is no such notification; an event of
 * another kind than "finalized" comes back as `unknown`. Throws UndecodableEventError.
 */
export function readObjectNotification(
  message: PubsubMessage,
): ObjectFinalizedEvent | ({ kind: 'unknown' } & EventAttributes) | null {
  const { eventType, payloadFormat, bucketId, objectId, objectGeneration, eventTime } = message.attributes
  if (eventType === undefined || bucketId === undefined) return null
  if (objectId === undefined) throw missingField('message.attributes.objectId')
  if (message.messageId === null) throw missingField('message.messageId')
  const attributes: EventAttributes = {
    id: message.messageId,
    source: `//storage.googleapis.com/projects/_/buckets/${bucketId}`,
    type: NOTIFICATION_TYPES.get(eventType) ?? eventType,
    subject: `objects/${objectId}`,
    time: eventTime ?? null,
  }
  if (attributes.type !== OBJECT_FINALIZED) return { kind: 'unknown', ...attributes }
  const hasPayload = payloadFormat !== 'NONE'
  return toEvent(
    attributes,
    hasPayload ? message.readJson() : { bucket: bucketId, name: objectId, generation: objectGeneration },
  )
}

function toEvent(attributes: EventAttributes, json: unknown): ObjectFinalizedEvent {
  const parsed = StorageObject.safeParse(json)
  if (!parsed.success) throw refuse(parsed.error, json)
  const object = parsed.data
  return {
    kind: 'object-finalized',
    ...attributes,
    bucket: object.bucket,
    name: object.name,
    generation: object.generation,
    metageneration: object.metageneration ?? null,
    sizeBytes: object.size == null ? null : Number(object.size),
    contentType: object.contentType ?? null,
    md5Hash: object.md5Hash ?? null,
    crc32c: object.crc32c ?? null,
    timeCreated: object.timeCreated ?? null,
    metadata: object.metadata ?? {},
  }
}

function refuse(error: z.ZodError, json: unknown): UndecodableEventError {
  const path = error.issues[0]?.path ?? []
  const [first] = path
  if (typeof first !== 'string') return badField('body', 'a Cloud Storage object')
  const isAbsent = typeof json === 'object' && json !== null && !Object.hasOwn(json, first)
  return isAbsent ? missingField(first) : badField(path.join('.'), 'as the Cloud Storage JSON API has it')
}
