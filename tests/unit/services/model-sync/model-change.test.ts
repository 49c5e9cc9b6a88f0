import type { DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import type { DocumentValue } from '#shared/events/document-value.ts'
import { modelChangeOf } from '../../../../services/model-sync/model-change.ts'

type Fields = Record<string, DocumentValue>

function changeOf(before: Fields | null, after: Fields | null, parts: Partial<DocumentWrittenEvent> = {}) {
  const document = 'ai_models/modèle 1'
  const time = '2026-11-21T08:00:00.123456Z'
  const side = (fields: Fields | null) => fields && { name: document, fields, createTime: time, updateTime: time }
  return modelChangeOf(
    {
      kind: 'document-written',
      id: '1',
      source: 's',
      type: 'google.cloud.firestore.document.v1.written',
      subject: null,
      time,
      change: 'updated',
      project: 'p',
      database: '(default)',
      document,
      before: side(before),
      after: side(after),
      updateMask: [],
      updateTime: time,
      auth: null,
      ...parts,
    },
    '(default)',
  )
}

const registry: DocumentValue = { source: 'local', sourceId: 'x', type: 'lora', createdAt: new Date() }
const gcsUri = 'gs://b/models/a'
const left = { kind: 'file-left', modelId: 'modèle 1' }
const notListed = { kind: 'not-listed', modelId: 'modèle 1' }

test.each<[string, Fields | null, Fields | null, object | null]>([
  ['deleting a synced model leaves its file', { gcsUri, registry }, null, left],
  ['so does another file', { gcsUri, registry }, { gcsUri: 'gs://b/models/b', registry }, left],
  ['so does none', { gcsUri, registry }, { registry }, left],
  ['the same file is no change', { gcsUri, registry }, { gcsUri, registry, name: 'New' }, null],
  ['a first file is none either', { registry }, { gcsUri, registry }, null],
  ['deleting a model without a file is nothing to us', { registry }, null, null],
  ['a new document of the app’s is not listed', null, { name: 'Mine' }, notListed],
  ['nor is one whose map cannot be read', { registry }, { registry: { source: 'elsewhere' } }, notListed],
  ['one that asks for its sync is listed by it', null, { name: 'Mine', syncStatus: 'syncing' }, null],
  ['one that asks no longer stays as it is', { syncStatus: 'syncing' }, { name: 'Mine' }, null],
  ['one with our map is listed', null, { registry }, null],
  ['an event about nothing is nothing', null, null, null],
])('%s', (_title, before, after, expected) => {
  expect(changeOf(before, after)).toEqual(expected)
})

test.each([{ document: 'models/1' }, { document: 'ai_models/1/notes/2' }, { database: 'other' }])(
  '%j is not ours',
  (parts) => {
    expect(changeOf({ gcsUri }, null, parts)).toBeNull()
  },
)
