import type { DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import { syncSignalOf } from '../../../../services/model-sync/sync-event.ts'
import { type Fields, modelWritten, updateTime } from './model-written.ts'

function eventOf(before: Fields | null, after: Fields | null, parts: Partial<DocumentWrittenEvent> = {}) {
  return syncSignalOf(modelWritten('modèle 1 ', { before, after }, parts), '(default)')
}

const wish = {
  kind: 'wish',
  input: { modelId: 'modèle 1 ', requestedAt: updateTime, requestedAtMs: Date.parse('2026-11-21T08:00:00.123Z') },
}
const withdrawn = { kind: 'withdrawn', modelId: 'modèle 1 ' }
const ignored = { kind: 'ignored' }

test.each<[string, Fields | null, Fields | null, object]>([
  ['a new document that says syncing is a wish', null, { syncStatus: 'syncing' }, wish],
  ['the change to syncing is a wish', { syncStatus: 'notsynced' }, { syncStatus: 'syncing' }, wish],
  ['a synced model can be asked for again', { syncStatus: 'synced' }, { syncStatus: 'syncing' }, wish],
  [
    'another version while syncing is another wish',
    { syncStatus: 'syncing', civitaiModelId: '1', versionId: '2' },
    { syncStatus: 'syncing', civitaiModelId: '1', versionId: '3' },
    wish,
  ],
  [
    'another name while syncing is not',
    { syncStatus: 'syncing', name: 'a', versionId: 2 },
    { syncStatus: 'syncing', name: 'b', versionId: '2' },
    ignored,
  ],
  ['leaving syncing takes the wish back', { syncStatus: 'syncing' }, { syncStatus: 'notsynced' }, withdrawn],
  ['deleting a syncing model takes it back', { syncStatus: 'syncing' }, null, withdrawn],
  ['deleting another is nothing to us', { syncStatus: 'synced' }, null, ignored],
  ['a model that never asked is nothing to us', null, { syncStatus: 'notsynced' }, ignored],
  ['a status of another type is none', null, { syncStatus: 1 }, ignored],
  ['an event about nothing is nothing', null, null, ignored],
])('%s', (_title, before, after, expected) => {
  expect(eventOf(before, after)).toMatchObject(expected)
})

test('our own result is seen as leaving syncing, which ends a job that has ended already', () => {
  expect(eventOf({ syncStatus: 'syncing' }, { syncStatus: 'synced', gcsUri: 'gs://b/o' })).toEqual(withdrawn)
})

test.each([
  ['another collection', { document: 'models/1' }],
  ['a subcollection', { document: 'ai_models/1/notes/2' }],
  ['another database', { database: 'other' }],
])('%s is not ours', (_title, parts) => {
  expect(eventOf(null, { syncStatus: 'syncing' }, parts)).toMatchObject(ignored)
})

test('an object of a bucket is not ours', () => {
  const event = { kind: 'unknown', id: '1', source: 's', type: 't', subject: null, time: null } as const
  expect(syncSignalOf(event, '(default)')).toMatchObject(ignored)
})
