import { registeredOf, registryFields } from '#shared/documents/registered-models.ts'
import type { DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import type { DocumentValue } from '#shared/events/document-value.ts'
import { modelChangeOf } from '../../../../services/model-sync/model-change.ts'
import { type Fields, modelWritten } from './model-written.ts'

function changeOf(before: Fields | null, after: Fields | null, parts: Partial<DocumentWrittenEvent> = {}) {
  return modelChangeOf(modelWritten('modèle 1', { before, after }, parts), '(default)')
}

/** As it is once the registry finds it by what it says. */
function listed(fields: Fields): Fields {
  const { model, userId } = registeredOf('modèle 1', fields)
  return { ...fields, registry: registryFields(model, userId) as DocumentValue }
}

const gcsUri = 'gs://b/models/a'
const mine = listed({ name: 'Mine', userId: 'ann', type: 'lora', civitaiModelId: '1', versionId: 2, gcsUri })
const left = { kind: 'file-left', modelId: 'modèle 1' }
const outdated = { kind: 'registration-outdated', modelId: 'modèle 1' }

test.each<[string, Fields | null, Fields | null, object | null]>([
  ['deleting a synced model leaves its file', mine, null, left],
  ['so does another file', mine, { ...mine, gcsUri: 'gs://b/models/b' }, left],
  ['so does none', mine, { ...mine, gcsUri: null }, left],
  ['the same file is no change', mine, { ...mine, note: 'x' }, null],
  ['a first file is none either', { ...mine, gcsUri: null }, mine, null],
  ['deleting a model without a file is nothing to us', listed({ name: 'Mine' }), null, null],
  ['a new document of the app’s is not found yet', null, { name: 'Mine' }, outdated],
  ['nor is one whose map cannot be read', mine, { ...mine, registry: { source: 'elsewhere' } }, outdated],
  ['a new name is not found', mine, { ...mine, name: 'Other' }, outdated],
  ['nor are new trigger words', mine, { ...mine, triggerWords: ['ink'] }, outdated],
  ['another type is not among its like', mine, { ...mine, type: 'model' }, outdated],
  ['another base model neither', mine, { ...mine, baseModel: 'Pony' }, outdated],
  ['what is the system’s by now is not seen by all', mine, { ...mine, userId: null }, outdated],
  ['another version is another model', mine, { ...mine, versionId: '3' }, outdated],
  ['an id that is a number is the same model', mine, { ...mine, versionId: '2' }, null],
  ['one that asks for its sync is seen to by it', null, { name: 'Mine', syncStatus: 'syncing' }, null],
  ['one that asks no longer stays as it is', { syncStatus: 'syncing' }, { name: 'Mine' }, null],
  ['an event about nothing is nothing', null, null, null],
])('%s', (_title, before, after, expected) => {
  expect(changeOf(before, after)).toEqual(expected)
})

test.each([{ document: 'models/1' }, { document: 'ai_models/1/notes/2' }, { database: 'other' }])(
  '%j is not ours',
  (parts) => {
    expect(changeOf(mine, null, parts)).toBeNull()
  },
)
