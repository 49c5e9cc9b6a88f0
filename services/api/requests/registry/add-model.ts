import { CallerError, errorCode, FinalError } from '#shared/errors/app-error.ts'
import type { ModelType } from '#shared/registry/model/model-types.ts'
import type { NewModelSource } from '#shared/registry/model/new-model.ts'
import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import { modelUploadUri, parseModelUploadUri } from '#shared/registry/registration/model-uploads.ts'
import { parseSource } from '#shared/registry/registration/parse-source.ts'
import { registerModel } from '#shared/registry/registration/register-model.ts'
import type { ModelSourceWish } from '../../endpoints/registry-schemas.ts'
import type { Caller } from '../../http/endpoint.ts'
import { requireOperator } from '../../http/require-operator.ts'
import { checkFetchedUrl } from '../fetched-url.ts'
import { askingHubs, badSource } from './hub-failures.ts'
import { syncModel } from './sync-model.ts'

/** Each is a document of some kilobytes; a list of more than these is nobody's own choice any more. */
const MOST_OWN_MODELS = 1_000

/** A model as it is asked for. */
export interface NewModelWish {
  source: ModelSourceWish
  name: string | null
  type: ModelType | null
  sync: boolean
  isForSystem: boolean
}

/**
 * Registers a model; the same source again is the same model. @throws CallerError 403 `auth.operator-only`, 409
 * `registry.other-source`, 422 for a source that is none, 424 of the hub's, 429 `quota.models`.
 */
export async function addModel(caller: Caller, wish: NewModelWish): Promise<{ model: WireModel; isNew: boolean }> {
  const { user, context } = caller
  if (wish.isForSystem) requireOperator(user)
  const source = await readSource(caller, wish.source)
  const [{ db }, { hubs }] = await Promise.all([context.loadClients(), context.loadRegistry()])
  const { name, type, sync, isForSystem } = wish
  const { model, isNew } = await askingHubs(
    (signal) =>
      registerModel(
        { db, hubs },
        {
          source,
          name,
          type,
          sync,
          isForSystem,
          uid: user.uid,
          mostOwn: user.isOperator ? null : MOST_OWN_MODELS,
          mayHavePrivate: user.isOperator,
          signal,
        },
      ),
    badSource,
  )
  // What was there may lack its copy. Of the system's models only operators ask for one.
  const mayAsk = user.isOperator || model.userId === user.uid
  if (!isNew && sync && mayAsk && model.document.gcsUri === null) {
    return { model: await syncModel(caller, model.document.id), isNew }
  }
  return { model: toWireModel(model.model), isNew }
}

async function readSource({ user, context }: Caller, given: ModelSourceWish): Promise<NewModelSource> {
  if (typeof given !== 'string') {
    const { WORK_BUCKET: bucket } = context.config
    const upload = parseModelUploadUri(given.upload.includes('://') ? given.upload : `gs://${bucket}/${given.upload}`)
    const isOwn = upload?.bucket === bucket && upload.userId === user.uid && upload.sha256 === given.sha256
    if (!isOwn) throw badUpload()
    return { kind: 'upload', object: modelUploadUri(upload), sha256: upload.sha256 }
  }
  let source: NewModelSource
  try {
    source = parseSource(given, context.config)
  } catch (error) {
    throw error instanceof FinalError ? badSource(error) : error
  }
  if (source.kind === 'url') await checkFetchedUrl(context, source.url, badUrl)
  return source
}

function badUrl(message: string, cause: unknown): CallerError {
  return new CallerError({
    status: 422,
    code: 'registry.bad-url',
    message,
    details: [{ path: 'source', message }],
    facts: { reason: errorCode(cause) },
    cause,
  })
}

function badUpload(): CallerError {
  const message = 'Give `upload` as POST /api/registry/uploads has answered it, and the SHA-256 that it was asked with.'
  return new CallerError({
    status: 422,
    code: 'registry.bad-upload',
    message,
    details: [{ path: 'source.upload', message }],
  })
}
