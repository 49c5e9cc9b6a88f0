import type { CloudEvent, EventAttributes } from './cloud-event.ts'
import { isDocumentEventType, readDocumentWritten } from './document-event.ts'
import { type Envelope, openEnvelope, type PubsubMessage, type RequestHeaders } from './envelope.ts'
import { badField, missingField, UndecodableEventError } from './event-error.ts'
import { OBJECT_FINALIZED, readObjectFinalized, readObjectNotification } from './object-event.ts'

/**
 * Turns one HTTP delivery (headers, raw body bytes) into one typed event, in any of the forms that Eventarc, Pub/Sub
 * and people send (contract: Eventarc deliveries). The type decides, never the request's path. An event of a type that
 * nobody here handles comes back as `unknown`. Throws UndecodableEventError, to be answered 400, and nothing else.
 */
export function parseCloudEvent(request: { headers: RequestHeaders; body: Uint8Array }): CloudEvent {
  const opened = openEnvelope(request.headers, request.body)
  return opened.form === 'cloud-event' ? readEnvelope(opened.envelope) : readPubsub(opened.message)
}

function readEnvelope(envelope: Envelope): CloudEvent {
  const attributes = requiredAttributes(envelope.attributes)
  if (attributes.type === OBJECT_FINALIZED) return readObjectFinalized(attributes, envelope.readData())
  if (isDocumentEventType(attributes.type)) {
    return readDocumentWritten(attributes, envelope.attributes, envelope.readData())
  }
  return { kind: 'unknown', ...attributes }
}

function readPubsub(message: PubsubMessage): CloudEvent {
  const event = readObjectNotification(message)
  if (event !== null) return event
  const text = 'The Pub/Sub message carries neither a ce-type nor a Cloud Storage notification.'
  throw new UndecodableEventError('not-an-event', text, { field: 'message.attributes.ce-type' })
}

function requiredAttributes(attributes: Readonly<Record<string, string>>): EventAttributes {
  const { specversion, id, source, type, subject, time } = attributes
  if (!type) throw missingField('ce-type')
  if (!id) throw missingField('ce-id')
  if (!source) throw missingField('ce-source')
  if (!specversion) throw missingField('ce-specversion')
  if (!specversion.startsWith('1.')) throw badField('ce-specversion', '1.0')
  return { id, source, type, subject: subject ?? null, time: time ?? null }
}
