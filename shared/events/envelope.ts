import { isUtf8 } from 'node:buffer'
import * as z from 'zod'
import { badField, missingField, UndecodableEventError } from './event-error.ts'

/** Request headers as node:http or a plain record gives them; the names in any case. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The event's data before its type is looked at. */
export type EventData = { encoding: 'protobuf'; bytes: Uint8Array } | { encoding: 'json'; json: unknown }

/** A CloudEvent taken out of whatever it came in. Extension attributes (`database`, `authtype`…) are among the attributes. */
export interface Envelope {
  attributes: Readonly<Record<string, string>>
  /** Reads the data; lazy, so that an event of an unknown type is never refused for its body. Throws UndecodableEventError. */
  readData: () => EventData
}

/** A Pub/Sub push: what is inside may be an Eventarc event or a raw Cloud Storage notification. */
export interface PubsubMessage {
  attributes: Readonly<Record<string, string>>
  messageId: string | null
  readJson: () => unknown
}

export type Opened = { form: 'cloud-event'; envelope: Envelope } | { form: 'pubsub'; message: PubsubMessage }

/** Fatal: a replacement character in a name would make it the name of another object. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

const PubsubPush = z.object({
  message: z.object({
    attributes: z.record(z.string(), z.string()).default({}),
    data: z.string().default(''),
    messageId: z.string().nullish(),
    message_id: z.string().nullish(),
  }),
})

/**
 * Takes a CloudEvent out of a request: binary mode, structured mode, or the Pub/Sub envelope to which Eventarc falls
 * back when a value can't be a header (contract: Eventarc, header traps). Throws UndecodableEventError.
 */
export function openEnvelope(headers: RequestHeaders, body: Uint8Array): Opened {
  const contentType = mediaType(header(headers, 'content-type'))
  if (contentType === 'application/cloudevents+json') return openStructured(parseJson(body))
  if (contentType.startsWith('application/cloudevents')) throw unreadableType(contentType)
  if (header(headers, 'ce-type') !== undefined) return openBinary(headers, contentType, body)
  const json = parseJson(body)
  if (isObject(json) && 'message' in json) return openPubsub(json)
  // Workflows and hand-made calls send the structured form as plain application/json.
  if (isObject(json) && ('specversion' in json || 'type' in json)) return openStructured(json)
  throw new UndecodableEventError('not-an-event', 'The request has no ce-type header and its body is no event.')
}

function openBinary(headers: RequestHeaders, contentType: string, body: Uint8Array): Opened {
  // Without a prototype, so that a header called ce-__proto__ is an attribute like any other.
  const attributes: Record<string, string> = Object.create(null)
  for (const name of Object.keys(headers)) {
    if (!/^ce-/i.test(name)) continue
    const value = headers[name]
    const text = Array.isArray(value) ? value[0] : value
    if (text !== undefined) attributes[name.slice(3).toLowerCase()] = repairUtf8(text)
  }
  const envelope = { attributes, readData: () => readBytes(contentType, body) }
  return { form: 'cloud-event', envelope }
}

function openStructured(json: unknown): Opened {
  if (!isObject(json)) throw badField('body', 'a CloudEvent object')
  const { data, data_base64: base64, ...rest } = json
  const attributes = Object.fromEntries(
    Object.entries(rest).flatMap(([name, value]) => (isScalar(value) ? [[name.toLowerCase(), String(value)]] : [])),
  )
  for (const name of ['specversion', 'id', 'source', 'type']) {
    if (rest[name] !== undefined && typeof rest[name] !== 'string') throw badField(name, 'a string')
  }
  const readData = (): EventData => {
    if (base64 !== undefined)
      return readBytes(mediaType(attributes.datacontenttype), decodeBase64('data_base64', base64))
    if (data === undefined) throw missingField('data')
    return { encoding: 'json', json: data }
  }
  return { form: 'cloud-event', envelope: { attributes, readData } }
}

function openPubsub(json: object): Opened {
  const push = PubsubPush.safeParse(json)
  if (!push.success) {
    const issue = push.error.issues[0]
    throw badField(issue?.path.join('.') ?? 'message', 'as a Pub/Sub push has it')
  }
  const { attributes, data, messageId, message_id: snakeId } = push.data.message
  if (attributes['ce-type'] === undefined) {
    const readJson = () => parseJson(decodeBase64('message.data', data))
    return { form: 'pubsub', message: { attributes, messageId: messageId ?? snakeId ?? null, readJson } }
  }
  const named = Object.entries(attributes).flatMap(([name, value]) =>
    name.startsWith('ce-') ? [[name.slice(3), value]] : [],
  )
  const contentType = mediaType(attributes['ce-datacontenttype'] ?? attributes['content-type'])
  const readData = () => readBytes(contentType, decodeBase64('message.data', data))
  return { form: 'cloud-event', envelope: { attributes: Object.fromEntries(named), readData } }
}

/** CloudEvents §3.1: without a content type the data is JSON. */
function readBytes(contentType: string, bytes: Uint8Array): EventData {
  if (contentType === 'application/protobuf' || contentType === 'application/x-protobuf')
    return { encoding: 'protobuf', bytes }
  const isJson = contentType === '' || contentType.endsWith('/json') || contentType.endsWith('+json')
  if (!isJson) throw unreadableType(contentType)
  return { encoding: 'json', json: parseJson(bytes) }
}

function unreadableType(contentType: string): UndecodableEventError {
  return new UndecodableEventError('content-type', `Events can't be read from ${contentType}.`, {
    field: 'content-type',
  })
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch (cause) {
    throw new UndecodableEventError('malformed-json', 'The body is not JSON in UTF-8.', { cause })
  }
}

function decodeBase64(field: string, text: unknown): Uint8Array {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) throw badField(field, 'base64')
  return Buffer.from(text, 'base64')
}

/**
 * Eventarc puts raw UTF-8 bytes into headers and Node reads header bytes as Latin-1. A value that is no UTF-8 when read
 * so was really Latin-1, and stays. Percent signs are literal, against what the CloudEvents binding says.
 */
function repairUtf8(value: string): string {
  if (isAscii(value)) return value
  const bytes = Buffer.from(value, 'latin1')
  const isLatin1 = bytes.toString('latin1') === value
  return isLatin1 && isUtf8(bytes) ? bytes.toString('utf8') : value
}

/** Nearly every value; looked at without making a copy. */
function isAscii(value: string): boolean {
  for (let index = 0; index < value.length; index++) if (value.charCodeAt(index) > 0x7f) return false
  return true
}

function header(headers: RequestHeaders, name: string): string | undefined {
  const direct = headers[name] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
  return Array.isArray(direct) ? direct[0] : direct
}

function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
