import type { OutgoingRequest } from '../send-request.ts'
import type { OutgoingEvent } from './outgoing-event.ts'

export interface PushParams {
  /** The trigger's URL. */
  url: string
  trigger: string
  /** Pub/Sub's own id of the message; the same at every redelivery. */
  messageId: string
  publishedAtMs: number
  /** OIDC token of the trigger's account; null for a service that asks for none. */
  token: string | null
}

/**
 * Puts an event into the request that Cloud Run would get: binary mode, or, when an attribute can't be a header (an id
 * that ends in a space, a control character), the Pub/Sub envelope under it (contract: Eventarc, header traps).
 */
export function pushRequest(event: OutgoingEvent, params: PushParams): OutgoingRequest {
  const url = new URL(params.url)
  url.searchParams.set('__GCP_CloudEventsMode', event.mode)
  const common: Record<string, string> = {
    'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
    from: 'noreply@google.com',
    accept: 'application/json',
    ...(params.token === null ? {} : { authorization: `Bearer ${params.token}` }),
  }
  // Pub/Sub takes 102 Processing for an acknowledgement.
  const push = { method: 'POST', url, interimAnswer: 102 }
  const attributes = Object.entries(event.attributes)
  if (!attributes.every(([, value]) => canBeHeader(value))) {
    return { ...push, headers: { ...common, 'content-type': 'application/json' }, body: envelope(event, params) }
  }
  const headers = attributes.map(([name, value]) => [`ce-${name}`, Buffer.from(value).toString('latin1')])
  return {
    ...push,
    headers: { ...common, ...Object.fromEntries(headers), 'content-type': event.contentType },
    body: Buffer.from(event.dataBase64, 'base64'),
  }
}

/** RFC 9110 §5.5: no control characters, no blanks at the ends. Bytes above 127 pass, and Eventarc sends them. */
function canBeHeader(value: string): boolean {
  return !/^ | $/.test(value) && [...value].every((char) => char >= ' ' && char !== '\x7f')
}

function envelope(event: OutgoingEvent, params: PushParams): Buffer {
  const publishTime = new Date(params.publishedAtMs).toISOString()
  const attributes = { ...event.attributes, datacontenttype: event.contentType }
  return Buffer.from(
    JSON.stringify({
      message: {
        attributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value])),
        data: event.dataBase64,
        messageId: params.messageId,
        message_id: params.messageId,
        publishTime,
        publish_time: publishTime,
      },
      subscription: `projects/local/subscriptions/eventarc-local-${params.trigger}-sub-000`,
    }),
  )
}
