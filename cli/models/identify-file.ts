import { basename } from 'node:path'
import * as z from 'zod'
import { AppError } from '#shared/errors/app-error.ts'
import type { ApiClient } from '../api/api-client.ts'
import type { CommandContext } from '../command.ts'
import { FileDisplay } from '../files/file-display.ts'
import { type HashedFile, hashFile } from '../files/hash-file.ts'
import { Interrupted } from '../interrupt.ts'
import { type Output, table } from '../output.ts'
import { plainLine } from '../text-width.ts'
import { bytesText } from '../units.ts'
import { type ModelRecord, modelAnswer } from './records.ts'

const foundModel = z.object({ model: modelAnswer.shape.model.nullable() })

/** The model that a file's bytes are of, or null where nobody knows them. @throws AppError */
async function lookUpFile(api: ApiClient, sha256: string, signal: AbortSignal): Promise<ModelRecord | null> {
  return (await api.post('/api/registry/lookup', { sha256 }, foundModel, signal)).model
}

/** Hashes a file with its progress shown. @throws FinalError `forge.no-file`, `forge.file-changed`; Interrupted. */
export async function hashShown(path: string, { output, signal }: CommandContext): Promise<HashedFile> {
  const display = new FileDisplay(output, { name: basename(path), phase: 'hashing' })
  try {
    return await hashFile(path, { signal, onProgress: (doneBytes, sizeBytes) => display.show(doneBytes, sizeBytes) })
  } catch (error) {
    // Unlike other work nobody goes on with it.
    throw signal.reason instanceof Interrupted ? new Interrupted('Interrupted. Nothing was sent.') : error
  } finally {
    output.endProgress()
  }
}

/**
 * Tells which model a file is. False where nobody knows it, or it cannot be read: the others are looked at all the same.
 * @throws AppError of the API; the signal's reason.
 */
export async function identifyFile(api: ApiClient, path: string, context: CommandContext): Promise<boolean> {
  const { output, signal } = context
  let file: HashedFile
  try {
    file = await hashShown(path, context)
  } catch (error) {
    if (!(error instanceof AppError) || !error.code.startsWith('forge.')) throw error
    const { code, message } = error
    output.result({ type: 'file', file: path, state: 'unread', code, message }, plainLine(message))
    return false
  }
  const model = await lookUpFile(api, file.sha256, signal)
  const { sha256, sizeBytes } = file
  const state = model === null ? 'unknown' : 'known'
  output.result(
    { type: 'file', file: path, state, sha256, size_bytes: sizeBytes, model },
    fileText(output, file, model),
  )
  return model !== null
}

function fileText(output: Output, { path, sha256, sizeBytes }: HashedFile, model: ModelRecord | null): string {
  const facts = [
    ['size', bytesText(sizeBytes)],
    ['SHA-256', sha256],
  ]
  if (model === null) return `${plainLine(path)}  ${output.style('yellow', 'unknown')}\n${table(facts)}`
  const { id, model_id: modelId, type, base_model: base, version, remote_url: page, gcs_uri: uri } = model
  const rows = [
    ['id', id],
    ['model', modelId],
    ['type', [type, base].filter(Boolean).join(', ')],
    ['version', version],
    ...facts,
    ['page', page],
    ['lies at', uri],
  ]
  const known = rows.flatMap(([name, value]) => (name && value ? [[name, plainLine(value)]] : []))
  return `${plainLine(path)}  ${output.style('green', plainLine(model.name))}\n${table(known)}`
}
