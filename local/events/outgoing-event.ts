import { z } from 'zod'
import { decodeDocumentEventData } from '#shared/events/decode-document-event-data.ts'
import type { ObjectChange } from '../bucket/server.ts'
import type { DocumentChange } from '../documents/server.ts'
import { encodeDocumentEvent } from './document-event-encoding.ts'
import type { DocumentTrigger, StorageTrigger } from './trigger.ts'

/** A CloudEvent on its way to a service: the same at every redelivery. */
export const OutgoingEvent = z.object({
  /** Without the `ce-` prefix. */
  attributes: z.record(z.string(), z.string()),
  contentType: z.string(),
  /** The `__GCP_CloudEventsMode` that Eventarc adds to the URL. */
  mode: z.enum(['GCS_NOTIFICATION', 'CE_PUBSUB_BINDING']),
  dataBase64: z.string(),
})
export type OutgoingEvent = z.infer<typeof OutgoingEvent>

/** Eventarc accepts no event above this; for a document it carries both sides. */
const MAX_EVENT_BYTES = 512 * 1024

const DATA_SCHEMA =
  'https://github.com/googleapis/google-cloudevents/blob/main/proto/google/events/cloud/firestore/v1/data.proto'

/** The event that Cloud Storage sends for a change of an object (contract: Eventarc, The request and Bodies). */
export function objectEvent(
  trigger: StorageTrigger,
  change: ObjectChange,
  params: { id: string; nowMs: number },
): OutgoingEvent {
  return {
    attributes: {
      specversion: '1.0',
      type: trigger.type,
      source: `//storage.googleapis.com/projects/_/buckets/${change.bucket}`,
      subject: `objects/${String(change.object.name)}`,
      id: params.id,
      time: microseconds(params.nowMs),
      bucket: change.bucket,
    },
    contentType: 'application/json',
    mode: 'GCS_NOTIFICATION',
    dataBase64: Buffer.from(JSON.stringify(withTextNumbers(change.object))).toString('base64'),
  }
}

/** The event that Firestore sends for a change of a document, in the encoding that the trigger asks for. */
export function documentEvent(trigger: DocumentTrigger, change: DocumentChange, params: { id: string }): OutgoingEvent {
  const [, project = '', database = '', document = ''] =
    /^projects\/([^/]+)\/databases\/([^/]+)\/documents\/(.+)$/s.exec(change.name) ?? []
  const protobuf = encodeDocumentEvent(change)
  const isJson = trigger.contentType === 'application/json'
  const data = isJson ? Buffer.from(JSON.stringify(decodeDocumentEventData(protobuf))) : protobuf
  return {
    attributes: {
      specversion: '1.0',
      type: trigger.type,
      source: `//firestore.googleapis.com/projects/${project}/databases/${database}`,
      subject: `documents/${document}`,
      id: params.id,
      time: microseconds(change.commitTime.getTime()),
      dataschema: DATA_SCHEMA,
      project,
      location: 'us-central1',
      database,
      namespace: '(default)',
      document,
    },
    contentType: trigger.contentType,
    mode: 'CE_PUBSUB_BINDING',
    dataBase64: Buffer.from(data).toString('base64'),
  }
}

/** Whether Eventarc would refuse the event. */
export function isTooLarge(event: OutgoingEvent): boolean {
  return Buffer.byteLength(event.dataBase64, 'base64') > MAX_EVENT_BYTES
}

/** The real service's times have six decimals. */
function microseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** The JSON API writes 64-bit numbers as strings. */
function withTextNumbers(object: ObjectChange['object']): Record<string, unknown> {
  const texts = (['generation', 'metageneration', 'size'] as const).flatMap((name) =>
    object[name] === undefined ? [] : [[name, String(object[name])]],
  )
  return { ...object, ...Object.fromEntries(texts) }
}
