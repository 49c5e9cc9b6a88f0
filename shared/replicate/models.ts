import * as z from 'zod'
import { jsonBody } from '../http/request-body.ts'
import { callApi, type ReplicateOptions } from './call-api.ts'
import { isReplicateError, type ReplicateError, ReplicateFinalError } from './replicate-error.ts'

/** A model of the account or of anybody. */
export interface Model {
  owner: string
  name: string
  isPrivate: boolean
  /** Null until a version is pushed; may lag behind a training that has just ended (contract §4). */
  latestVersionId: string | null
}

export interface NewModel {
  /** The account of the token, or an organization of it. */
  owner: string
  name: string
  /** SKU; see `GET /hardware`. It is billed when the model runs, not for being there. */
  hardware: string
  description?: string
  signal?: AbortSignal
}

export interface Models {
  /** Null where there is no such model, or none that the token may see. */
  get(model: { owner: string; name: string; signal?: AbortSignal }): Promise<Model | null>
  /**
   * Makes sure that a private model of ours is there, for a training to go to; it costs nothing and may be asked for
   * again. Throws `replicate.name-taken` where the name belongs to another model.
   */
  ensurePrivate(model: NewModel): Promise<Model>
}

const modelSchema = z
  .object({
    owner: z.string().min(1),
    name: z.string().min(1),
    visibility: z.string().nullish().catch(null),
    latest_version: z.object({ id: z.string() }).nullish().catch(null),
  })
  .transform(
    (body): Model => ({
      owner: body.owner,
      name: body.name,
      isPrivate: body.visibility === 'private',
      latestVersionId: body.latest_version?.id ?? null,
    }),
  )

/** `/models` of the API (contract §2). */
export function createModels(options: ReplicateOptions): Models {
  async function get(model: { owner: string; name: string; signal?: AbortSignal }): Promise<Model | null> {
    const path = `/models/${encodeURIComponent(model.owner)}/${encodeURIComponent(model.name)}`
    try {
      return await callApi(options, { method: 'GET', path, signal: model.signal }, modelSchema)
    } catch (error) {
      if (isReplicateError(error) && error.code === 'replicate.not-found') return null
      throw error
    }
  }

  return {
    get,
    async ensurePrivate({ owner, name, hardware, description, signal }) {
      const body = jsonBody({
        owner,
        name,
        visibility: 'private',
        hardware,
        ...(description === undefined ? {} : { description }),
      })
      try {
        return await callApi(options, { method: 'POST', path: '/models', body, signal }, modelSchema)
      } catch (error) {
        if (!isReplicateError(error) || !mayBeThere(error)) throw error
        const there = await get({ owner, name, ...(signal ? { signal } : {}) })
        // A private model is seen by nobody but its owner: that it is shown to our token is the proof that it is ours.
        if (there?.isPrivate && there.owner.toLowerCase() === owner.toLowerCase()) return there
        // A deleted model's name stays taken, so that a conflict is final even where nothing is to be seen.
        if (there !== null || error.facts.status === 409) throw nameTaken(error)
        throw error
      }
    },
  }
}

/** Which status says "already there" is not written (409 is seen); and an answer may be lost here too. */
function mayBeThere(error: ReplicateError): boolean {
  const isTold = error.code === 'replicate.denied' || error.code === 'replicate.rate-limited'
  return error.delivery !== 'not-sent' && !isTold
}

function nameTaken(cause: ReplicateError): ReplicateFinalError {
  return new ReplicateFinalError({
    code: 'replicate.name-taken',
    message: 'Another model at Replicate has, or had, the name that this one should get; choose another.',
    delivery: 'answered',
    facts: cause.facts,
    cause,
  })
}
