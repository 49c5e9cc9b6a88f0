import type { Firestore } from '@google-cloud/firestore'
import { modelRef } from '#shared/documents/models.ts'
import { reading } from '#shared/documents/reading.ts'
import {
  isSeenBy,
  registeredByKey,
  registeredVersions,
  type Viewer,
} from '#shared/documents/registered-model-queries.ts'
import { type RegisteredModel, toRegistered } from '#shared/documents/registered-models.ts'
import { AppError } from '#shared/errors/app-error.ts'
import type { HubPlace } from '#shared/registry/hubs/hub-details.ts'
import { isRegistryId, sourceKey } from '#shared/registry/model/registry-id.ts'
import type { Admit } from '#shared/registry/registration/change-registered.ts'
import { parseSource } from '#shared/registry/registration/parse-source.ts'
import { closest } from '#shared/registry/search/mark-registered.ts'
import type { User } from '#shared/server/firebase-user.ts'
import type { ApiContext } from '../../api-context.ts'
import { requireOperator } from '../../http/require-operator.ts'
import { notFound } from '../refusals.ts'

/** Operators see all models, others the system's and their own. */
export function viewerOf(user: User): Viewer {
  return user.isOperator ? null : { uid: user.uid }
}

/** A model that the user sees, by its document's id or the registry's. @throws CallerError 404 `model.not-found`. */
export async function findModel(
  context: Pick<ApiContext, 'config' | 'loadClients'>,
  wish: { user: User; id: string },
): Promise<RegisteredModel> {
  const { db } = await context.loadClients()
  const place = placeOf(context, wish.id)
  const found =
    place === null
      ? await byDocument(db, { ...wish, modelId: wish.id.replace(/^local:/, '') })
      : await byPlace(db, wish.user, place)
  if (found === null) throw notFound('model', wish.id)
  return found
}

/** Whether it may be changed: one's own, and the system's by operators. For use inside transactions. */
export function admitting(user: User, id: string): Admit {
  return (model) => {
    if (model === null || !isSeenBy(viewerOf(user), model)) throw notFound('model', id)
    if (model.userId === null) requireOperator(user)
    return model
  }
}

/** What a registry's id names at a hub; null for any other id. */
export function placeOf(context: Pick<ApiContext, 'config'>, id: string): HubPlace | null {
  if (!isRegistryId(id) || id.startsWith('local:')) return null
  try {
    const source = parseSource(id, context.config)
    return source.kind === 'url' ? null : source
  } catch (error) {
    if (error instanceof AppError) throw notFound('model', id)
    throw error
  }
}

async function byDocument(db: Firestore, wish: { user: User; modelId: string }): Promise<RegisteredModel | null> {
  // Firestore refuses these as ids, so there is no such document.
  const { modelId } = wish
  if (modelId.includes('/') || /^\.{1,2}$|^__.*__$|^$/.test(modelId)) return null
  const found = toRegistered(await reading(modelRef(db, modelId).get()))
  return found !== null && isSeenBy(viewerOf(wish.user), found) ? found : null
}

async function byPlace(db: Firestore, user: User, place: HubPlace): Promise<RegisteredModel | null> {
  const { id, key, isExact } = named(place)
  const alike = (await reading(registeredByKey(db, { keys: [key], uid: user.uid }))).get(key) ?? []
  const found = closest(alike, id) ?? (await anyVersion(db, user, place))
  return isExact && found?.model.id.toLowerCase() !== id.toLowerCase() ? null : found
}

/** CivitAI's models are registered by version; whoever names none means the newest that is registered. */
async function anyVersion(db: Firestore, user: User, place: HubPlace): Promise<RegisteredModel | null> {
  if (place.kind !== 'civitai' || place.reference.versionId !== null) return null
  const { modelId: sourceId } = place.reference
  if (sourceId === null) return null
  const [newest] = await reading(registeredVersions(db, { source: 'civitai', sourceId, uid: user.uid }))
  return newest ?? null
}

/** `isExact`: a file or a revision was named, so that no other one of the same version will do. */
function named(place: HubPlace): { id: string; key: string; isExact: boolean } {
  if (place.kind === 'civitai') {
    const { modelId, versionId, fileId } = place.reference
    const version = `civitai:${modelId}${versionId === null ? '' : `@${versionId}`}`
    return { id: `${version}${fileId === null ? '' : `+${fileId}`}`, key: version, isExact: fileId !== null }
  }
  const { repo, revision, file } = place.reference
  const id = `hf:${repo}${revision === null ? '' : `@${revision}`}${file === null ? '' : `:${file}`}`
  const key = sourceKey({ id, source: 'huggingface', sourceId: repo, sourceVersionId: null })
  return { id, key, isExact: revision !== null || file !== null }
}
