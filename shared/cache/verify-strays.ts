import { adoptStray, judgeStray } from './adopt-stray.ts'
import type { VerifyFinding } from './cache-jobs.ts'
import { allCachedFiles } from './cached-file.ts'
import { modelsInCache } from './relink-models.ts'
import type { VerifyDeps, VerifyState } from './verify-state.ts'

/** Looks for objects below models/ that no row names: those that are what their label says are taken in, others only told. */
export async function verifyStrays(deps: VerifyDeps, state: VerifyState): Promise<void> {
  const from = state.enter('strays', 'looking-for-strays')
  if (from === null) return
  const files = await allCachedFiles(deps.db)
  const named = new Set(files.map(({ uri }) => uri))
  const folders = [...named].filter((uri) => uri.endsWith('/'))
  const modelsOf = await modelsByUri(deps)
  for await (const object of deps.store.list(deps.bucket, 'models/')) {
    const uri = `gs://${object.bucket}/${object.name}`
    // Listed in the order of their names.
    if (from.after !== null && object.name <= from.after) continue
    if (named.has(uri) || folders.some((folder) => uri.startsWith(folder))) continue
    const models = modelsOf.get(uri) ?? []
    const finding = (kind: VerifyFinding['kind'], detail: string, fileId: string | null = null) =>
      state.found({ kind, detail, uri, file_id: fileId, models, bytes: object.sizeBytes })
    if (!(await state.begin(object.name, object.sizeBytes))) {
      finding('unchecked', 'It cannot be read to its end within one request.')
      await state.done(object.name, { files: 0, bytes: 0 })
      continue
    }
    const onBytes = (bytes: number) => state.read(bytes)
    const stray = await judgeStray(deps, object, { signal: state.signal, onBytes })
    if (stray.kind === 'in-work') continue
    if (stray.kind === 'unknown') finding('stray', stray.detail)
    else {
      const elsewhere = state.options.repair
        ? await adoptStray(deps, { object, sha256: stray.sha256, modelIds: models })
        : null
      if (elsewhere === null) finding('adopted', 'Its bytes are those that its label says.', stray.sha256)
      else finding('stray', `The same bytes lie at ${elsewhere}.`)
    }
    await state.done(object.name, { files: 1, bytes: object.sizeBytes })
  }
}

async function modelsByUri(deps: VerifyDeps): Promise<Map<string, string[]>> {
  const models = new Map<string, string[]>()
  for await (const { id, gcsUri } of modelsInCache(deps.db, deps.bucket)) {
    models.set(gcsUri, [...(models.get(gcsUri) ?? []), id])
  }
  return models
}
