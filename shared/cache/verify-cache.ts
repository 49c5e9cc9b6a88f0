import type { VerifyReport } from './cache-jobs.ts'
import { allCachedFiles } from './cached-file.ts'
import { countBucket } from './count-bucket.ts'
import { finishEvictions } from './evict-file.ts'
import { modelsInCache, relinkModel, unlinkModel } from './relink-models.ts'
import { verifyFiles } from './verify-files.ts'
import { type VerifyCheckpoint, type VerifyDeps, type VerifyOptions, VerifyState } from './verify-state.ts'
import { verifyStrays } from './verify-strays.ts'

/**
 * Holds the index against the bucket, both ways: every stored file is read and its hash compared, every object looked for in the
 * index, every model's file looked for in both, and the bytes counted. With `repair` the index is made to say what is there; no
 * object is removed but those of a file that is damaged or incomplete.
 */
export async function verifyCache(deps: VerifyDeps, options: VerifyOptions): Promise<VerifyReport> {
  await finishEvictions(deps)
  const checkpoint = options.checkpoint ?? (await newCheckpoint(deps))
  const files = await allCachedFiles(deps.db)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const state = new VerifyState(options, checkpoint, { files: files.length, bytes })
  await verifyFiles(deps, state)
  await verifyStrays(deps, state)
  await verifyModels(deps, state)
  if (options.repair) await countBucket(deps)
  const { checkedFiles, checkedBytes, findings, findingsCount, driftBytes } = state.checkpoint
  return {
    checked_files: checkedFiles,
    checked_bytes: checkedBytes,
    repaired: options.repair,
    findings,
    findings_count: findingsCount,
    drift_bytes: driftBytes,
  }
}

async function newCheckpoint(deps: VerifyDeps): Promise<VerifyCheckpoint> {
  const counted = await countBucket(deps, 'look')
  return {
    stage: 'files',
    after: null,
    attempt: null,
    checkedFiles: 0,
    checkedBytes: 0,
    findings: [],
    findingsCount: 0,
    driftBytes: counted?.driftBytes ?? 0,
  }
}

/** Models whose file nobody has say so no longer, and files know every model that names them. */
async function verifyModels(deps: VerifyDeps, state: VerifyState): Promise<void> {
  if (state.enter('models', 'counting') === null) return
  const { db } = deps
  const files = new Map((await allCachedFiles(db)).map((file) => [file.uri, file]))
  const told = new Set(state.checkpoint.findings.flatMap(({ uri, models }) => models.map((id) => `${id} ${uri}`)))
  for await (const { id, gcsUri } of modelsInCache(db, deps.bucket)) {
    state.signal.throwIfAborted()
    const file = files.get(gcsUri)
    if (file !== undefined) {
      if (state.options.repair && !file.modelIds.includes(id))
        await relinkModel(db, { modelId: id, fileId: file.fileId })
      continue
    }
    // A file that is adopted, or would be, is told of already.
    if (!told.has(`${id} ${gcsUri}`)) {
      const detail = 'The model says that it is synced, to a file that the cache does not have.'
      state.found({ kind: 'model-without-file', detail, uri: gcsUri, file_id: null, models: [id], bytes: null })
    }
    if (state.options.repair) await unlinkModel(db, { modelId: id, uri: gcsUri })
  }
}
