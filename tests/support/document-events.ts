import { randomUUID } from 'node:crypto'
import { type DocumentSnapshot, Timestamp } from '@google-cloud/firestore'
import { formatTimestamp } from '#shared/events/timestamp.ts'

/** A delivery of Eventarc's, as it goes over the wire. */
export interface DocumentEvent {
  headers: Record<string, string>
  body: string
}

/** The `written` event of a change between two snapshots of one document, in proto3 JSON (contract eventarc.md §2). */
export function documentWritten(
  project: string,
  before: DocumentSnapshot | null,
  after: DocumentSnapshot | null,
): DocumentEvent {
  const side = (snapshot: DocumentSnapshot | null) => (snapshot?.exists ? toJson(project, snapshot) : undefined)
  const ref = (after ?? before)?.ref
  if (!ref) throw new Error('An event needs one side at least.')
  return {
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': randomUUID(),
      'ce-type': 'google.cloud.firestore.document.v1.written',
      'ce-source': `//firestore.googleapis.com/projects/${project}/databases/(default)`,
      'ce-subject': `documents/${ref.path}`,
      'ce-time': new Date().toISOString(),
      'ce-project': project,
      'ce-database': '(default)',
      'ce-document': ref.path,
    },
    body: JSON.stringify({ value: side(after), oldValue: side(before), updateMask: { fieldPaths: [] } }),
  }
}

function toJson(project: string, snapshot: DocumentSnapshot) {
  const { createTime, updateTime } = snapshot
  return {
    name: `projects/${project}/databases/(default)/documents/${snapshot.ref.path}`,
    fields: fieldsOf(snapshot.data() ?? {}),
    createTime: createTime && timeOf(createTime),
    updateTime: updateTime && timeOf(updateTime),
  }
}

function timeOf({ seconds, nanoseconds }: Timestamp): string {
  return formatTimestamp({ seconds, nanos: nanoseconds })
}

function fieldsOf(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, jsonOf(value)]))
}

function jsonOf(value: unknown): Record<string, unknown> {
  if (value === null) return { nullValue: null }
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { booleanValue: value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { integerValue: String(value) } : { doubleValue: value }
  if (value instanceof Timestamp) return { timestampValue: timeOf(value) }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(jsonOf) } }
  if (typeof value === 'object') return { mapValue: { fields: fieldsOf(value as Record<string, unknown>) } }
  throw new Error(`No event of a ${typeof value}.`)
}
