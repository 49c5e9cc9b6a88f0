import { everyDocument } from '#shared/documents/every-document.ts'
import { type ModelFile, readModelFile, toModelFile, writeModelFile } from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { VerifyFinding } from './cache-jobs.ts'
import { type CachedFile, toCachedFile } from './cached-file.ts'
import { discardFile } from './evict-file.ts'
import { checkContents } from './file-contents.ts'
import type { VerifyDeps, VerifyState } from './verify-state.ts'

/** Reads every file of the index and compares; what is missing or damaged is taken from the index and from its models. */
export async function verifyFiles(deps: VerifyDeps, state: VerifyState): Promise<void> {
  const from = state.enter('files', 'hashing')
  if (from === null) return
  for await (const found of everyDocument(deps.db.collection('model_files'), from)) {
    const row = toModelFile(found.id, found.data())
    if (row.stored === null) continue
    // Written before the cache was kept: no list and no eviction would find it.
    if (state.options.repair && found.get('cacheState') === undefined) await rewriteRow(deps, row.id)
    const file = toCachedFile(row)
    if (file !== null) await verifyFile(deps, state, { row, file })
  }
}

async function verifyFile(
  deps: VerifyDeps,
  state: VerifyState,
  { row, file }: { row: ModelFile; file: CachedFile },
): Promise<void> {
  const { stored } = row
  if (stored === null) return
  const { repair } = state.options
  const finding = (kind: VerifyFinding['kind'], detail: string) =>
    state.found({ kind, detail, uri: file.uri, file_id: file.fileId, models: file.modelIds, bytes: file.bytes })
  if (!(await state.begin(row.id, file.bytes))) {
    finding('unchecked', 'It cannot be read to its end within one request.')
    return await state.done(row.id, { files: 0, bytes: 0 })
  }
  const onBytes = (bytes: number) => state.read(bytes)
  const contents = await checkContents(deps, stored, { signal: state.signal, onBytes })
  if (contents.kind !== 'intact') {
    finding(contents.kind, contents.detail)
    if (repair) await discardFile(deps, file)
  } else if (contents.generation !== stored.generation) {
    finding('adopted', 'The same bytes were written anew by somebody; the index names them now.')
    if (repair) await renameGeneration(deps, row, contents.generation)
  }
  await state.done(row.id, { files: 1, bytes: file.bytes })
}

async function rewriteRow({ db }: VerifyDeps, fileId: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, fileId)
    writeModelFile(db, row)(transaction)
  })
}

async function renameGeneration({ db }: VerifyDeps, seen: ModelFile, generation: string): Promise<void> {
  await runTransaction(db, async (transaction) => {
    const row = await readModelFile(transaction, db, seen.id)
    if (row.stored === null || row.stored.generation !== seen.stored?.generation) return
    writeModelFile(db, { ...row, stored: { ...row.stored, generation } })(transaction)
  })
}
