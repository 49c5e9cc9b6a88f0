import type { DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import type { DocumentValue } from '#shared/events/document-value.ts'

export type Fields = Record<string, DocumentValue>

export const updateTime = '2026-11-21T08:00:00.123456Z'

/** A write of `ai_models/{id}` in the default database; `parts` make it another event. */
export function modelWritten(
  id: string,
  { before, after }: { before: Fields | null; after: Fields | null },
  parts: Partial<DocumentWrittenEvent> = {},
): DocumentWrittenEvent {
  const document = `ai_models/${id}`
  const name = `projects/p/databases/(default)/documents/${document}`
  const side = (fields: Fields | null) => fields && { name, fields, createTime: updateTime, updateTime }
  return {
    kind: 'document-written',
    id: '1',
    source: '//firestore.googleapis.com/projects/p/databases/(default)',
    type: 'google.cloud.firestore.document.v1.written',
    subject: null,
    time: '2026-11-21T08:00:01Z',
    change: 'updated',
    project: 'p',
    database: '(default)',
    document,
    before: side(before),
    after: side(after),
    updateMask: [],
    updateTime: after && updateTime,
    auth: null,
    ...parts,
  }
}
