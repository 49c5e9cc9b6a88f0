import * as z from 'zod'

const text = z.string().nullish().catch(null)
/** The app has strings where CivitAI has numbers; other writers have numbers. */
const idText = z
  .union([z.string(), z.number().int().transform(String), z.bigint().transform(String)])
  .nullish()
  .catch(null)
const texts = z.array(z.string()).nullish().catch(null)

/** What we read of the app's `ai_models/{id}`. Lenient: the document is the app's, and may be of any age. */
const modelSchema = z.object({
  name: text,
  type: text,
  engine: text,
  hf_id: text,
  civitaiModelId: idText,
  versionId: idText,
  civitaiFileId: idText,
  revision: text,
  file: text,
  allowPatterns: texts,
  ignorePatterns: texts,
  sourceUrl: text,
  sourceSha256: text,
  uploadObject: text,
  baseModel: text,
  triggerWords: texts,
  userId: text,
  syncStatus: text,
  gcsUri: text,
})

/** Where a model comes from, as its document says it. A change of any of it is another model to copy. */
export interface ModelSource {
  engine: string | null
  hfId: string | null
  civitaiModelId: string | null
  versionId: string | null
  /** Our own fields from here on: the app does not write them. */
  civitaiFileId: string | null
  /** Of a Hugging Face repository: branch, tag or commit; null for its main branch. */
  revision: string | null
  /** One file of a Hugging Face repository. */
  file: string | null
  allowPatterns: string[]
  ignorePatterns: string[]
  sourceUrl: string | null
  /** What the file at `sourceUrl`, or the upload, must be. */
  sourceSha256: string | null
  /** Where a file of a person's own waits to be synced: `gs://…` (`shared/registry/registration/model-uploads.ts`). */
  uploadObject: string | null
}

/** A model as model-sync needs it. */
export interface Model {
  id: string
  name: string
  type: string | null
  /** Null for the models of the system. */
  userId: string | null
  syncStatus: string | null
  source: ModelSource
  baseModel: string | null
  triggerWords: string[]
  gcsUri: string | null
}

/** Reads the fields of a model, as a snapshot or an event gives them. */
export function toModel(id: string, fields: unknown): Model {
  const found = modelSchema.catch({} as z.infer<typeof modelSchema>).parse(fields)
  return {
    id,
    name: found.name?.trim() || id,
    type: found.type ?? null,
    userId: found.userId || null,
    syncStatus: found.syncStatus ?? null,
    source: {
      engine: found.engine?.trim().toLowerCase() || null,
      hfId: filled(found.hf_id),
      civitaiModelId: filled(found.civitaiModelId),
      versionId: filled(found.versionId),
      civitaiFileId: filled(found.civitaiFileId),
      revision: filled(found.revision),
      file: filled(found.file),
      allowPatterns: found.allowPatterns ?? [],
      ignorePatterns: found.ignorePatterns ?? [],
      sourceUrl: filled(found.sourceUrl),
      sourceSha256: filled(found.sourceSha256)?.toLowerCase() ?? null,
      uploadObject: filled(found.uploadObject),
    },
    baseModel: filled(found.baseModel),
    triggerWords: found.triggerWords ?? [],
    gcsUri: filled(found.gcsUri),
  }
}

function filled(value: string | null | undefined): string | null {
  return value?.trim() || null
}

/** Whether two documents ask for the same bytes. */
export function isSameSource(a: ModelSource, b: ModelSource): boolean {
  return JSON.stringify({ ...noSource, ...a }) === JSON.stringify({ ...noSource, ...b })
}

/** One order of the fields; and a job's note may be older than some of them. */
const noSource = toModel('none', {}).source
