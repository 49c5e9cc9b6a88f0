import { createCivitaiClient } from '../../civitai/client.ts'
import { findCivitaiVersion, showCivitaiModel } from '../../civitai/search.ts'
import { AppError, FinalError } from '../../errors/app-error.ts'
import { getModel } from '../../huggingface/model.ts'
import { showHubModel } from '../../huggingface/search.ts'
import { formatFromHuggingFace } from '../model/model-formats.ts'
import type { NewModelSource } from '../model/new-model.ts'
import type { RegistryModel } from '../model/registry-model.ts'
import { fromCivitai, fromCivitaiVersion } from './from-civitai.ts'
import { fromHuggingFace } from './from-hugging-face.ts'
import type { Hubs } from './open-hubs.ts'

/** What lies at a hub. */
export type HubPlace = Extract<NewModelSource, { kind: 'civitai' | 'huggingface' }>

/**
 * All that a hub says of what was named, as a record of its exact version. Throws the hub's `civitai.…` and `huggingface.…`
 * errors, `…not-found` among them.
 */
export async function hubDetails(hubs: Hubs, place: HubPlace, signal?: AbortSignal): Promise<RegistryModel> {
  return place.kind === 'civitai'
    ? await civitaiDetails(hubs, place, signal)
    : await huggingFaceDetails(hubs, place, signal)
}

async function civitaiDetails(
  { civitai }: Hubs,
  { reference }: Extract<HubPlace, { kind: 'civitai' }>,
  signal?: AbortSignal,
): Promise<RegistryModel> {
  const { versionId, fileId } = reference
  const modelId = reference.modelId ?? (await modelOfVersion({ civitai }, versionId ?? '', signal))
  const model = await showCivitaiModel(civitai, modelId, signal)
  const record = fromCivitai(model, { nowMs: (civitai.now ?? Date.now)(), versionId, fileId })
  if (record !== null) return record
  const what = fileId === null ? `version ${versionId}` : `file ${fileId}`
  throw new FinalError({ code: 'civitai.not-found', message: `CivitAI's model ${modelId} has no ${what}.` })
}

async function modelOfVersion(
  { civitai }: Pick<Hubs, 'civitai'>,
  versionId: string,
  signal?: AbortSignal,
): Promise<string> {
  const { modelId } = await createCivitaiClient(civitai).version(versionId, signal)
  if (modelId !== null) return modelId
  const message = `CivitAI does not say whose version ${versionId} is; give it as MODEL@${versionId}.`
  throw new FinalError({ code: 'civitai.not-found', message })
}

async function huggingFaceDetails(
  { huggingface }: Hubs,
  { reference }: Extract<HubPlace, { kind: 'huggingface' }>,
  signal?: AbortSignal,
): Promise<RegistryModel> {
  const { repo, revision, file: path } = reference
  const [shown, pinned] = await Promise.all([
    showHubModel(huggingface, repo, signal),
    revision === null ? null : getModel(huggingface, { repo, revision, signal }),
  ])
  const record = fromHuggingFace(shown)
  const commit = pinned?.commit ?? record.version
  const id = `${record.id}${revision === null ? '' : `@${revision}`}${path === null ? '' : `:${path}`}`
  // Its own answer tells of the main branch's files; of another commit's only a sync knows.
  const isMain = commit === record.version
  const file = isMain ? shown.files.find((one) => one.path === path) : undefined
  if (isMain && path !== null && !shown.files.some((one) => one.path === path || one.path.startsWith(`${path}/`))) {
    const message = `${shown.repo} at Hugging Face has no file ${path}.`
    throw new FinalError({ code: 'huggingface.file-not-found', message })
  }
  const facts =
    path === null && isMain
      ? {}
      : {
          format: path === null ? record.format : formatFromHuggingFace({ paths: [path], tags: [] }),
          sizeBytes: file?.sizeBytes ?? null,
          sha256: file?.sha256 ?? null,
        }
  return { ...record, ...facts, id, version: commit, sourceVersionId: commit }
}

/** The model of CivitAI's that a file is of; null where it knows none. Throws `civitai.…` errors. */
export async function civitaiByHash(hubs: Hubs, sha256: string, signal?: AbortSignal): Promise<RegistryModel | null> {
  const version = await orNull(findCivitaiVersion(hubs.civitai, sha256, signal))
  if (version === null) return null
  const nowMs = (hubs.civitai.now ?? Date.now)()
  const alone = fromCivitaiVersion(version, { nowMs })
  if (version.modelId === null) return alone
  // The version's own answer lacks creator and tags, and is good enough where the model's cannot be had.
  const model = await showCivitaiModel(hubs.civitai, version.modelId, signal).catch((error: unknown) => {
    signal?.throwIfAborted()
    if (error instanceof AppError) return null
    throw error
  })
  const usual = model && fromCivitai(model, { nowMs, versionId: version.id })
  if (usual?.sha256 === sha256) return usual
  const fileId = version.files.find(({ hashes }) => hashes.sha256 === sha256)?.id ?? null
  return (model && fromCivitai(model, { nowMs, versionId: version.id, fileId })) ?? alone
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof AppError && error.code === 'civitai.not-found') return null
    throw error
  }
}
