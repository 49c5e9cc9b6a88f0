import { FieldValue, type Firestore } from '@google-cloud/firestore'
import { documentsError, isAlreadyThere } from '../../documents/firestore.ts'
import { isSameSource, toModel } from '../../documents/model.ts'
import { modelRef, type SyncStatus } from '../../documents/models.ts'
import { reading } from '../../documents/reading.ts'
import { countOwnModels, registeredByKey } from '../../documents/registered-model-queries.ts'
import { type RegisteredModel, registryFields, toRegistered } from '../../documents/registered-models.ts'
import { CallerError } from '../../errors/app-error.ts'
import type { Hubs } from '../hubs/open-hubs.ts'
import type { ModelType } from '../model/model-types.ts'
import { type NewModel, type NewModelSource, newModelOf } from '../model/new-model.ts'
import { refusePrivate } from '../model/private-models.ts'
import { sourceKey } from '../model/registry-id.ts'
import type { RegistryModel } from '../model/registry-model.ts'
import { describeSource } from './describe-source.ts'

export interface RegisterDeps {
  db: Firestore
  hubs: Hubs
}

export interface Registration {
  model: RegisteredModel
  /** False for one that was there: the user's own, or the system's, of the same source. */
  isNew: boolean
}

/**
 * Makes the document of a source, at the version that it has now: what the hub says of it is kept with it. The same source
 * registered again is the same model. Throws the hubs' errors, `documents.…`, and CallerError 409 `registry.other-source`,
 * 429 `quota.models`.
 */
export async function registerModel(
  deps: RegisterDeps,
  wish: {
    source: NewModelSource
    /** As people are to see it; null for the source's own. */
    name: string | null
    /** Null for what the source says. */
    type: ModelType | null
    /** Who asks, and whether it shall be everybody's. */
    uid: string
    isForSystem: boolean
    /** So many may be the user's own, give or take what is registered at the same moment; null for any number. */
    mostOwn?: number | null
    /** Whether what only our own account at a hub may see is for them. */
    mayHavePrivate: boolean
    /** Ask for its copy with the document; of a model that is there already nothing is asked. */
    sync: boolean
    signal?: AbortSignal
  },
): Promise<Registration> {
  const { db, hubs } = deps
  const { uid, isForSystem, sync, mostOwn = null } = wish
  const userId = isForSystem ? null : uid
  const { source, record } = await describeSource(hubs, wish.source, wish.signal)
  if (!wish.mayHavePrivate) refusePrivate(record)
  const fresh = newModelOf(source, userId)
  const model: RegistryModel = {
    ...record,
    // A file of nobody's is known by its document.
    ...(record.source === 'local' ? { id: `local:${fresh.id}`, sourceId: fresh.id } : {}),
    name: wish.name ?? record.name,
    type: wish.type ?? record.type,
  }
  const known = await findSame(db, { fresh, source, record: model, uid, isForSystem })
  if (known !== null) return { model: await sentAgain(db, known, { source, userId }), isNew: false }
  if (!isForSystem && mostOwn !== null) await requireRoom(db, { uid, most: mostOwn })
  try {
    await modelRef(db, fresh.id).create({
      name: model.name,
      type: model.type === 'lora' ? 'lora' : 'model',
      ...fresh.source,
      // The app's word for it is CivitAI's; of a repo it says what a sync finds.
      ...(model.source === 'civitai' && model.sourceBaseModel !== null ? { baseModel: model.sourceBaseModel } : {}),
      ...(model.triggerWords.length > 0 ? { triggerWords: model.triggerWords } : {}),
      userId,
      syncStatus: (sync ? 'syncing' : 'notsynced') satisfies SyncStatus,
      createdAt: FieldValue.serverTimestamp(),
      updatedAt: FieldValue.serverTimestamp(),
      registry: { ...registryFields(model, userId), refreshedAt: FieldValue.serverTimestamp() },
    })
  } catch (error) {
    if (!isAlreadyThere(error)) throw documentsError(error)
    // Two asked at once.
    const other = await readSame(db, fresh)
    if (other !== null) return { model: other, isNew: false }
    throw documentsError(error)
  }
  const made = await readSame(db, fresh)
  if (made !== null) return { model: made, isNew: true }
  throw gone(fresh.id)
}

/** The user's model of this source, or the system's: by the id that it would have, or (the app's own) by what it names. */
async function findSame(
  db: Firestore,
  wanted: { fresh: NewModel; source: NewModelSource; record: RegistryModel; uid: string; isForSystem: boolean },
): Promise<RegisteredModel | null> {
  const { fresh, source, record, uid, isForSystem } = wanted
  const own = await readSame(db, fresh)
  if (own !== null) return own
  const system = isForSystem ? null : await readSame(db, newModelOf(source), { isOptional: true })
  if (system !== null) return system
  const key = sourceKey(record)
  const alike = (await reading(registeredByKey(db, { keys: [key], uid }))).get(key) ?? []
  const ofIt = alike.filter(({ model, userId }) => model.id === record.id && (userId === null || !isForSystem))
  return ofIt.find(({ userId }) => userId !== null) ?? ofIt[0] ?? null
}

/** The document of that id, where it still names that source. */
async function readSame(
  db: Firestore,
  { id, source }: NewModel,
  { isOptional = false } = {},
): Promise<RegisteredModel | null> {
  const found = toRegistered(await reading(modelRef(db, id).get()))
  if (found === null || isSame(found, { id, source })) return found
  if (isOptional) return null
  throw new CallerError({
    status: 409,
    code: 'registry.other-source',
    message: `The model ${id} was changed and names another source now; remove it, or give it its source back.`,
  })
}

/** An upload is the same wherever its bytes were put. */
function isSame(found: RegisteredModel, { id, source }: Pick<NewModel, 'id' | 'source'>): boolean {
  const place = { uploadObject: null }
  return isSameSource({ ...found.document.source, ...place }, { ...toModel(id, source).source, ...place })
}

/** An upload that was sent again may lie under another name: what the model named until now is gone. */
async function sentAgain(
  db: Firestore,
  known: RegisteredModel,
  { source, userId }: { source: NewModelSource; userId: string | null },
): Promise<RegisteredModel> {
  const { id, source: named } = known.document
  if (source.kind !== 'upload' || known.userId !== userId || named.uploadObject === source.object) return known
  // Synced it needs no upload; and one that is being synced reads what it names.
  if (named.engine !== 'upload' || known.document.syncStatus !== 'notsynced') return known
  try {
    await modelRef(db, id).update({ uploadObject: source.object })
  } catch (error) {
    throw documentsError(error)
  }
  return { ...known, document: { ...known.document, source: { ...named, uploadObject: source.object } } }
}

async function requireRoom(db: Firestore, { uid, most }: { uid: string; most: number }): Promise<void> {
  if ((await reading(countOwnModels(db, { uid, most }))) < most) return
  const message = `You have registered as many models as an account may have (${most}); remove some first.`
  throw new CallerError({ status: 429, code: 'quota.models', message })
}

function gone(id: string): CallerError {
  const message = `The model ${id} was removed while it was registered; register it again.`
  return new CallerError({ status: 409, code: 'registry.removed', message })
}
