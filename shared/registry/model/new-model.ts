import { createHash } from 'node:crypto'
import type { CivitaiReference } from '../../civitai/reference.ts'
import type { HuggingFaceReference } from '../../huggingface/reference.ts'

/** Where a person says that a model lies. */
export type NewModelSource =
  | { kind: 'civitai'; reference: Omit<CivitaiReference, 'choice'> }
  | {
      kind: 'huggingface'
      reference: HuggingFaceReference
      allowPatterns: readonly string[]
      ignorePatterns: readonly string[]
    }
  /** `sha256` in lower hex: what the file must be. */
  | { kind: 'url'; url: string; sha256: string | null }
  /** A file of the person's own, as an object of the work bucket. `sha256` in lower hex: what its bytes must be. */
  | { kind: 'upload'; object: string; sha256: string }

/** A model's document to be made. */
export interface NewModel {
  /** Made of the source, and of the user whose model it is: the same source asked for twice is one model. */
  id: string
  /** For people, where they give no better one. */
  name: string
  /** The fields that `shared/documents/models.ts` reads as the source. */
  source: Record<string, unknown>
}

/** Firestore's limit is 1,500 bytes; people read these. */
const longestReadableId = 150

/**
 * The document that a source becomes, for a user or (null) for the system. Its id is safe for Firestore whatever the source is
 * called.
 */
export function newModelOf(source: NewModelSource, userId: string | null = null): NewModel {
  const model = ofSource(source)
  // No source's id has a tilde, and neither URLs nor Firestore mind it.
  return userId === null ? model : { ...model, id: `${model.id}~${digest([userId]).slice(0, 16)}` }
}

function ofSource(source: NewModelSource): NewModel {
  switch (source.kind) {
    case 'civitai':
      return ofCivitai(source)
    case 'huggingface':
      return ofHuggingFace(source)
    case 'url':
      return ofUrl(source)
    case 'upload':
      return ofUpload(source)
    default:
      return source satisfies never
  }
}

function ofCivitai({ reference }: Extract<NewModelSource, { kind: 'civitai' }>): NewModel {
  const { modelId, versionId, fileId } = reference
  const id = [modelId, versionId && `v${versionId}`, fileId && `f${fileId}`].filter(Boolean).join('-')
  return {
    id: `civitai-${id}`,
    name: ['CivitAI', modelId, versionId && `version ${versionId}`, fileId && `file ${fileId}`]
      .filter(Boolean)
      .join(' '),
    source: {
      engine: 'civitai',
      ...given({ civitaiModelId: modelId, versionId, civitaiFileId: fileId }),
    },
  }
}

function ofHuggingFace(source: Extract<NewModelSource, { kind: 'huggingface' }>): NewModel {
  const { reference, allowPatterns, ignorePatterns } = source
  const { repo, revision, file } = reference
  const isWhole = revision === null && file === null && allowPatterns.length === 0 && ignorePatterns.length === 0
  const part = digest([revision, file, allowPatterns, ignorePatterns]).slice(0, 12)
  // No part of a repository's id has two hyphens in a row, so that no two ids become one.
  const name = repo.replace('/', '--')
  return {
    id: `hf-${shortened(name)}${isWhole ? '' : `-${part}`}`,
    name: file === null ? (repo.split('/').at(-1) ?? repo) : withoutExtension(file),
    source: {
      engine: 'huggingface',
      hf_id: repo,
      ...given({ revision, file }),
      ...(allowPatterns.length > 0 ? { allowPatterns } : {}),
      ...(ignorePatterns.length > 0 ? { ignorePatterns } : {}),
    },
  }
}

function ofUrl({ url, sha256 }: Extract<NewModelSource, { kind: 'url' }>): NewModel {
  const path = URL.parse(url)?.pathname ?? ''
  return {
    id: `url-${digest(sha256 === null ? [url] : [url, sha256]).slice(0, 40)}`,
    name: withoutExtension(decoded(path)) || 'model',
    source: { engine: 'url', sourceUrl: url, ...given({ sourceSha256: sha256 }) },
  }
}

/** The bytes are what is registered, wherever they were put for the moment. */
function ofUpload({ object, sha256 }: Extract<NewModelSource, { kind: 'upload' }>): NewModel {
  return {
    id: `upload-${sha256.slice(0, 40)}`,
    name: `Model ${sha256.slice(0, 8)}`,
    source: { engine: 'upload', uploadObject: object, sourceSha256: sha256 },
  }
}

function given(fields: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** The last segment of a path, as a name. */
function withoutExtension(path: string): string {
  const last = path.split('/').at(-1) ?? ''
  return last.replace(/\.[a-z0-9]{1,15}$/i, '')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function shortened(name: string): string {
  if (name.length <= longestReadableId) return name
  return `${name.slice(0, longestReadableId)}-${digest([name]).slice(0, 12)}`
}

function digest(identity: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex')
}
