import { createHash } from 'node:crypto'
import type { Firestore } from '@google-cloud/firestore'
import { refuseUnscanned } from '#shared/civitai/check-scans.ts'
import type { CivitaiClient } from '#shared/civitai/client.ts'
import { resolveCivitaiFile } from '#shared/civitai/resolve-file.ts'
import type { ModelSource } from '#shared/documents/model.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { refusals } from '#shared/formats/model-refusals.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { HuggingFaceClient } from '#shared/huggingface/client.ts'
import { resolveHuggingFaceModel } from '#shared/huggingface/resolve-model.ts'
import { storedBytesFor } from '#shared/registry/registration/stored-bytes.ts'
import type { SourceFile } from '#shared/transfer/source-file.ts'
import { resolveDirectUrl } from './direct-url.ts'
import type { ResolvedModel } from './resolved-model.ts'
import { resolveUpload, type UploadAccess } from './upload.ts'

export interface ResolveOptions {
  /** Take files that run code when they are loaded. */
  allowPickle: boolean
  /** Whose model it is; null for the system's. */
  userId: string | null
  signal: AbortSignal
}

export interface SourceClients {
  civitai: CivitaiClient
  huggingface: HuggingFaceClient
  web: HttpClient
  uploads: UploadAccess
}

/**
 * Finds the exact files that a document asks for. `civitaiModelId` wins whenever it is set: the app's import writes
 * `engine: 'huggingface'` and a merely suggested base model into `hf_id` beside it (app contract, "Models").
 * @throws FinalError `sync.no-source`, `sync.unknown-engine`, and what the source says.
 */
export async function resolveModel(
  clients: SourceClients,
  source: ModelSource,
  options: ResolveOptions,
): Promise<ResolvedModel> {
  const { signal, userId } = options
  if (source.civitaiModelId !== null) return await resolveCivitai(clients.civitai, source, options)
  if (source.sourceUrl !== null) {
    const mayHaveByHash = await maySee(clients.uploads.db, { sha256: source.sourceSha256, userId })
    return await resolveDirectUrl(clients.web, source, { mayHaveByHash, signal })
  }
  switch (source.engine) {
    case 'huggingface':
      if (source.hfId === null) throw noSource('The model names no Hugging Face repository (hf_id).')
      return await resolveHuggingFace(clients.huggingface, { ...source, hfId: source.hfId }, options)
    case 'civitai':
      if (source.versionId === null) throw noSource('The model names no CivitAI model or version.')
      return await resolveCivitai(clients.civitai, source, options)
    case 'upload':
      return await resolveUpload(clients.uploads, { source, userId })
    case null:
      throw noSource('The model names no source: set civitaiModelId, sourceUrl, or engine and hf_id.')
    default:
      throw new FinalError({
        code: 'sync.unknown-engine',
        message: `Models of engine "${source.engine.slice(0, 40)}" have no file to copy; only huggingface, civitai and upload have.`,
      })
  }
}

/** A SHA-256 is no secret, so who only names one gets nobody's bytes for it (decision 18). */
async function maySee(db: Firestore, wish: { sha256: string | null; userId: string | null }): Promise<boolean> {
  const { sha256, userId } = wish
  if (userId === null || sha256 === null) return true
  return (await storedBytesFor(db, { sha256: sha256.toLowerCase(), userId })) !== null
}

async function resolveCivitai(
  client: CivitaiClient,
  source: ModelSource,
  { allowPickle, signal }: ResolveOptions,
): Promise<ResolvedModel> {
  const { civitaiModelId: modelId, versionId, civitaiFileId: fileId } = source
  const found = await resolveCivitaiFile(client, { modelId, versionId, fileId, signal })
  if (found.format === 'pickle') {
    // The bytes are looked at later in any case; here a refusal costs no download of the account's.
    if (!allowPickle) throw isPickle()
    refuseUnscanned(found, Date.now())
  }
  const { file } = found
  return {
    fileId: file.sha256 ?? `civitai-${digest([found.versionId, found.fileId, file.sizeBytes])}`,
    layout: 'file',
    versionId: found.versionId,
    files: [file],
    totalBytes: file.sizeBytes,
    baseModel: found.baseModel,
    triggerWords: found.triggerWords,
  }
}

async function resolveHuggingFace(
  client: HuggingFaceClient,
  source: ModelSource & { hfId: string },
  { allowPickle, signal }: ResolveOptions,
): Promise<ResolvedModel> {
  const { hfId: repo, revision, file, allowPatterns, ignorePatterns } = source
  const found = await resolveHuggingFaceModel(client, { repo, revision, file, allowPatterns, ignorePatterns, signal })
  // Before the files that come first in a folder lie at their place.
  if (found.format === 'pickle' && !allowPickle) throw isPickle()
  const [first] = found.files
  const isFile = found.layout === 'file' && first !== undefined
  return {
    fileId: (isFile ? first.sha256 : null) ?? `hf-${digest([found.repo, found.commit, found.files.map(contentOf)])}`,
    layout: found.layout,
    versionId: isFile ? (source.versionId ?? commitName(found.commit)) : folderVersion(found, source),
    files: found.files,
    totalBytes: found.totalBytes,
    baseModel: found.baseModel,
    triggerWords: [],
  }
}

/** A folder's files keep their names, so its prefix must be of this commit alone, and of this choice of its files. */
function folderVersion(found: { commit: string; files: readonly SourceFile[] }, source: ModelSource): string {
  const isWhole = source.file === null && source.allowPatterns.length === 0 && source.ignorePatterns.length === 0
  const choice = isWhole ? '' : `-${digest(found.files.map(({ path }) => path)).slice(0, 8)}`
  return `${commitName(found.commit)}${choice}`
}

function commitName(commit: string): string {
  return commit.slice(0, 12)
}

function contentOf(file: SourceFile): unknown[] {
  return [file.path, file.sizeBytes, file.sha256 ?? file.gitBlobSha1]
}

function digest(identity: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex')
}

function noSource(message: string): FinalError {
  return new FinalError({ code: 'sync.no-source', message })
}

function isPickle(): FinalError {
  return new FinalError({ code: 'model.pickle', message: refusals['model.pickle'] })
}
