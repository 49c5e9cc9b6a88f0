import { FinalError } from '../errors/app-error.ts'
import { checkedRemotePath } from '../formats/remote-path.ts'
import type { SourceFile } from '../transfer/source-file.ts'
import type { HuggingFaceClient } from './client.ts'
import type { HubModel } from './model.ts'
import { isRevision, parseHuggingFaceReference } from './reference.ts'
import { PIPELINE_INDEX, type Selection, selectFiles } from './select-files.ts'
import { fileNotFound, revisionNotFound } from './sentences.ts'
import type { TreeEntry, TreePlace } from './tree.ts'
import { readWeights, splitPath, type WeightsFormat } from './weights.ts'

export interface HuggingFaceRequest {
  /** `owner/name`, one of the old names without an owner, or what else `parseHuggingFaceReference` reads. */
  repo: string
  /** Over what the reference names. Branch, tag, `refs/pr/1` or commit; null for the default branch. */
  revision?: string | null
  /** Likewise. One file of the repo, or one folder of it. */
  file?: string | null
  allowPatterns?: readonly string[]
  ignorePatterns?: readonly string[]
  signal?: AbortSignal
}

/** A model at one commit: everything that a sync has to know before it copies. */
export interface HuggingFaceModel extends HubModel {
  /** `file`: the one file is the model. `folder`: the files are the model together, by their paths. */
  layout: 'file' | 'folder'
  /** In the order of their paths. */
  files: SourceFile[]
  totalBytes: number
  /** The repo's name without its owner. */
  modelName: string
  /** Of the weights; `pickle` where any of them is one, null where no weights are known as such. */
  format: WeightsFormat | null
}

/** Of all patterns together. They come from people, and each is held against every path of a repository. */
const MAX_PATTERN_CHARACTERS = 4_096

/**
 * Finds what a request means: pins its revision to a commit, lists the files there and decides which of them are the model
 * (`selectFiles`). Throws typed `huggingface.…` AppErrors: `not-found`, `revision-not-found`, `file-not-found`, `gated`,
 * `bad-token`, `bad-patterns`, `disabled`, `ambiguous`, `no-weights`, `rate-limited`, `unavailable`, …;
 * and `model.bad-path`.
 */
export async function resolveHuggingFaceModel(
  client: HuggingFaceClient,
  request: HuggingFaceRequest,
): Promise<HuggingFaceModel> {
  const { signal } = request
  const reference = parseHuggingFaceReference(request.repo)
  const revision = request.revision || reference.revision
  const file = request.file || reference.file
  if (revision !== null && !isRevision(revision)) throw noSuchRevision(reference.repo, revision)
  if (file !== null) checkedRemotePath(file)
  requireShortPatterns(request)
  const model = await client.getModel({ repo: reference.repo, revision, signal })
  const place: TreePlace = { repo: model.repo, commit: model.commit }
  const named = file === null ? null : await findPath(client, place, { path: file, signal })
  const selection: Selection =
    named?.kind === 'file'
      ? { layout: 'file', files: [named] }
      : await selectBelow(client, place, { request: { ...request, revision }, folder: named?.path ?? null })
  for (const { path } of selection.files) checkedRemotePath(path)
  const files = selection.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return {
    ...model,
    layout: selection.layout,
    files: files.map((entry) => toSourceFile(entry, { place, folder: named?.path ?? null, layout: selection.layout })),
    totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    modelName: model.repo.split('/').at(-1) ?? model.repo,
    format: formatOf(files),
  }
}

/** What git would never take as one isn't asked for. */
function noSuchRevision(repo: string, revision: string): FinalError {
  const subject = { repo, revision: JSON.stringify(revision.slice(0, 100)) }
  return new FinalError({ code: 'huggingface.revision-not-found', message: revisionNotFound(subject), facts: subject })
}

async function findPath(
  client: HuggingFaceClient,
  place: TreePlace,
  { path, signal }: { path: string; signal: AbortSignal | undefined },
): Promise<TreeEntry> {
  const found = (await client.getPaths(place, { paths: [path], signal })).find((entry) => entry.path === path)
  if (found !== undefined) return found
  const subject = { repo: place.repo, revision: place.commit, path }
  throw new FinalError({ code: 'huggingface.file-not-found', message: fileNotFound(subject), facts: { ...subject } })
}

function requireShortPatterns({ allowPatterns = [], ignorePatterns = [] }: HuggingFaceRequest): void {
  // With one between each two, so that empty ones count too.
  const characters = [...allowPatterns, ...ignorePatterns].join(' ').length
  if (characters <= MAX_PATTERN_CHARACTERS) return
  throw new FinalError({
    code: 'huggingface.bad-patterns',
    message: `The patterns that choose files have ${characters} characters; all together may have ${MAX_PATTERN_CHARACTERS}.`,
    facts: { characters },
  })
}

/** The model among everything below a folder, or in the whole repo. */
async function selectBelow(
  client: HuggingFaceClient,
  place: TreePlace,
  { request, folder }: { request: HuggingFaceRequest; folder: string | null },
): Promise<Selection> {
  const { revision = null, allowPatterns = [], ignorePatterns = [], signal } = request
  const prefix = folder === null ? '' : `${folder}/`
  const entries = await client.listTree(place, { folder, signal })
  const files = entries
    .filter(({ kind, path }) => kind === 'file' && path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }))
  const isPipeline = allowPatterns.length === 0 && files.some(({ path }) => path === PIPELINE_INDEX)
  const path = `${prefix}${PIPELINE_INDEX}`
  const components = isPipeline ? await client.readPipelineIndex(place, { path, signal }) : null
  const selection = selectFiles({ files, components, allowPatterns, ignorePatterns, repo: place.repo, revision })
  return { ...selection, files: selection.files.map((entry) => ({ ...entry, path: `${prefix}${entry.path}` })) }
}

function toSourceFile(
  { path, sizeBytes, sha256, gitBlobSha1 }: TreeEntry,
  { place, folder, layout }: { place: TreePlace; folder: string | null; layout: Selection['layout'] },
): SourceFile {
  const within = folder === null || folder === path ? path : path.slice(folder.length + 1)
  return {
    locator: { source: 'huggingface', ...place, path },
    path: layout === 'file' ? splitPath(path).name : within,
    sizeBytes,
    sha256,
    gitBlobSha1,
  }
}

function formatOf(files: readonly TreeEntry[]): WeightsFormat | null {
  const formats = new Set(files.flatMap((entry) => readWeights(entry) ?? []).map(({ format }) => format))
  // The one that decides whether loading the model can run code.
  return (['pickle', 'gguf', 'safetensors'] as const).find((format) => formats.has(format)) ?? null
}
