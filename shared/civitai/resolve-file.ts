import { FinalError } from '../errors/app-error.ts'
import type { SourceFile } from '../transfer/source-file.ts'
import { checkId } from './check-id.ts'
import { refuseDangerous } from './check-scans.ts'
import { checkUsable, refuseMode } from './check-usable.ts'
import { type CivitaiFileChoice, chooseFile } from './choose-file.ts'
import { chooseVersion } from './choose-version.ts'
import type { CivitaiClient } from './client.ts'
import type { CivitaiFile, ScanResult } from './file.ts'
import type { CivitaiFormat } from './file-format.ts'
import type { CivitaiVersion } from './version.ts'

export interface CivitaiWish {
  /** At least one of the two. With both, the version must be the model's. */
  modelId: string | null
  versionId: string | null
  /** Wins over everything else: it is taken as it is, training data too. */
  fileId?: string | null
  choice?: CivitaiFileChoice
  signal?: AbortSignal
}

/** One exact file of CivitAI. Plain JSON: it is stored with the job. */
export interface ResolvedCivitaiFile {
  file: SourceFile
  fileId: string
  modelId: string | null
  versionId: string
  modelName: string | null
  versionName: string
  /** `LORA`, `Checkpoint`, … An open set. */
  modelType: string | null
  baseModel: string | null
  triggerWords: string[]
  /** By CivitAI's word; whether a pickle may be loaded is decided elsewhere. */
  format: CivitaiFormat
  virusScan: ScanResult
  pickleScan: ScanResult
}

/**
 * Finds the file that is meant: one request with a version, two without.
 * @throws `civitai.bad-id`, `.not-found`, `.archived`, `.taken-down`, `.usage-control`, `.wrong-version`, `.no-weights`,
 * `.no-such-file`, `.infected`, `.scan-danger`, `.scan-failed`, and what the requests throw
 */
export async function resolveCivitaiFile(
  client: CivitaiClient,
  wish: CivitaiWish,
  { now = Date.now }: { now?: () => number } = {},
): Promise<ResolvedCivitaiFile> {
  if (wish.modelId !== null) checkId(wish.modelId, 'model')
  const versionId = wish.versionId ?? (await findVersion(client, wish, now()))
  // Also after the model's answer: only this one says whether the creator allows downloads (contract §3).
  const version = await client.version(versionId, wish.signal)
  checkUsable(version)
  if (wish.modelId !== null && version.modelId !== null && version.modelId !== wish.modelId) {
    const message = `CivitAI's model version ${versionId} belongs to model ${version.modelId}, not to ${wish.modelId}.`
    throw new FinalError({ code: 'civitai.wrong-version', message })
  }
  const file = pickFile(version, wish)
  refuseDangerous(file)
  return resolved(version, file)
}

async function findVersion(client: CivitaiClient, wish: CivitaiWish, nowMs: number): Promise<string> {
  const { modelId, fileId = null, choice = {}, signal } = wish
  if (modelId === null) {
    const message = 'The model names neither a model nor a version of CivitAI; set civitaiModelId or versionId.'
    throw new FinalError({ code: 'civitai.bad-id', message })
  }
  const model = await client.model(modelId, signal)
  refuseMode(model.mode, `model ${modelId}`)
  if (fileId !== null) {
    const holder = model.versions.find(({ files }) => files.some((file) => file.id === fileId))
    if (holder === undefined) throw noSuchFile(`model ${modelId}`, [])
    return holder.id
  }
  const version = chooseVersion(model, { choice, nowMs })
  if (version !== null) return version.id
  if (chooseVersion(model, { choice: {}, nowMs }) !== null) throw noSuchFile(`model ${modelId}`, [])
  const message = `CivitAI's model ${modelId} has no published version with weights.`
  throw new FinalError({ code: 'civitai.no-weights', message })
}

function pickFile(version: CivitaiVersion, { fileId = null, choice = {} }: CivitaiWish): CivitaiFile {
  const subject = `model version ${version.id}`
  if (fileId !== null) {
    const named = version.files.find(({ id }) => id === fileId)
    if (named === undefined) throw noSuchFile(subject, version.files)
    return named
  }
  const modelType = version.model?.type ?? null
  const chosen = chooseFile(version.files, { modelType, choice })
  if (chosen !== null) return chosen
  if (chooseFile(version.files, { modelType, choice: {} }) !== null) throw noSuchFile(subject, version.files)
  const types = [...new Set(version.files.map(({ type }) => type))].join(', ')
  const message = `CivitAI's ${subject} has no weights${types === '' ? '' : `, only ${types}`}.`
  throw new FinalError({ code: 'civitai.no-weights', message })
}

const MAX_LISTED = 6

function noSuchFile(subject: string, files: readonly CivitaiFile[]): FinalError {
  const list = files.slice(0, MAX_LISTED).map(({ id, type, format, size, fp }) => {
    const words = [type, format, size, fp].filter((word) => word !== null)
    return `${id} (${words.join(' ')})`
  })
  const hint = list.length === 0 ? '' : `; it has ${list.join(', ')}`
  const message = `CivitAI's ${subject} has no file of that choice${hint}.`
  return new FinalError({ code: 'civitai.no-such-file', message })
}

function resolved(version: CivitaiVersion, file: CivitaiFile): ResolvedCivitaiFile {
  return {
    file: {
      locator: { source: 'civitai', modelVersionId: version.id, fileId: file.id },
      path: file.name,
      sizeBytes: file.sizeBytes,
      sha256: file.hashes.sha256,
      gitBlobSha1: null,
    },
    fileId: file.id,
    modelId: version.modelId,
    versionId: version.id,
    modelName: version.model?.name ?? null,
    versionName: version.name,
    modelType: version.model?.type ?? null,
    baseModel: version.baseModel,
    triggerWords: version.trainedWords,
    format: file.format,
    virusScan: file.virusScan,
    pickleScan: file.pickleScan,
  }
}
