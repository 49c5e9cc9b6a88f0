import { isDeepStrictEqual } from 'node:util'
import { storedFormat } from '../registry/model/model-formats.ts'
import type { RegistryModel } from '../registry/model/registry-model.ts'
import { withFileFacts } from '../registry/model/with-file-facts.ts'
import type { ModelFacts, StoredModel } from './models.ts'
import { registeredOf, registryFields, searchKeys } from './registered-models.ts'

/** What a sync has found out of a model. */
export interface SyncedFacts {
  /** Of the file itself. */
  facts: ModelFacts
  sizeBytes: number
  sha256: string | null
  /** What the source calls the version that was copied: CivitAI's id, a commit; null where it has none. */
  sourceVersionId: string | null
}

/**
 * What a sync changes in our map of a model's document, as an update names it: made of what is known now where there is none (the app's own models), or where
 * the document names another model since; else brought up to the version that was copied, with what the file says filled in
 * where the source said nothing.
 */
export function syncedRegistration(stored: StoredModel, synced: SyncedFacts): Record<string, unknown> {
  const { model, userId, bare, isSame } = registrationOf(stored.id, stored.fields)
  const next = upToDate(isSame ? model : bare, synced)
  if (!isSame) return { registry: registryFields(next, userId) }
  const { version, sourceVersionId, recommendedWeight, baseModel: base, sourceBaseModel } = next
  const changes = { version, sourceVersionId, recommendedWeight, base, sourceBaseModel, ...searchKeys(next, userId) }
  return Object.fromEntries(Object.entries(changes).map(([name, value]) => [`registry.${name}`, value]))
}

/**
 * What of our map does not say what the document does, as an update names it: all of it where there is none (the app's own
 * models) or the document names another model, else what queries go by, since the app renames models and makes them others'.
 * Null where all agrees, as it does behind that update.
 */
export function outdatedRegistration(
  id: string,
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> | null {
  const { model, userId, bare, isSame } = registrationOf(id, fields)
  if (!isSame) return { registry: registryFields(bare, userId) }
  const said = new Map(Object.entries(fields.registry ?? {}))
  const now = { type: model.type, base: model.baseModel, ...searchKeys(model, userId) }
  const outdated = Object.entries(now).filter(([name, value]) => !isDeepStrictEqual(value, said.get(name)))
  if (outdated.length === 0) return null
  return Object.fromEntries(outdated.map(([name, value]) => [`registry.${name}`, value]))
}

/** What a document is registered as; `isSame`: its own fields (`bare`) name that model still. */
function registrationOf(id: string, fields: Readonly<Record<string, unknown>>) {
  const { isIndexed, model, userId } = registeredOf(id, fields)
  const bare = registeredOf(id, { ...fields, registry: null }).model
  return { model, userId, bare, isSame: isIndexed && model.source === bare.source && isSameModel(model, bare) }
}

/** A local one is whatever its document is. */
function isSameModel(ours: RegistryModel, bare: RegistryModel): boolean {
  const isSameVersion =
    bare.source !== 'civitai' || (bare.sourceVersionId ?? ours.sourceVersionId) === ours.sourceVersionId
  return isSameVersion && ours.sourceId.toLowerCase() === bare.sourceId.toLowerCase()
}

function upToDate(model: RegistryModel, synced: SyncedFacts): RegistryModel {
  const { facts, sizeBytes, sha256 } = synced
  const sourceVersionId = synced.sourceVersionId ?? model.sourceVersionId
  const isOtherVersion = sourceVersionId !== model.sourceVersionId
  return withFileFacts(
    {
      ...model,
      sizeBytes,
      sha256,
      format: model.format ?? (facts.format === null ? null : storedFormat(facts.format)),
      sourceVersionId,
      // The name of a version that nobody has asked about yet is its id.
      version: isOtherVersion ? sourceVersionId : model.version,
    },
    {
      baseModelHint: facts.baseModel,
      triggerWords: facts.triggerWords,
      // Only of a LoRA does the file's word mean a weight to load it with.
      recommendedWeight: model.type === 'lora' ? (facts.recommendedWeight ?? null) : null,
    },
  )
}
