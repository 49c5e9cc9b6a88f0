import { followSync } from '../app/follow-sync.ts'
import { importModel } from '../app/import-model.ts'
import type { RecordedCloud } from './recorded-cloud.ts'

const VERSION_ID = 9901

/** One checkpoint of so many bytes from CivitAI's stand-in to the models bucket, from "Sync now" to `synced`. @returns the model */
export async function runSync(
  { cloud, clients }: RecordedCloud,
  options: { sizeBytes: number; signal: AbortSignal; id?: number },
): Promise<string> {
  const versionId = options.id ?? VERSION_ID
  const model = { name: `Recorded ${versionId}`, civitaiModelId: versionId + 1, versionId }
  const content = { kind: 'safetensors', sizeBytes: options.sizeBytes, seed: versionId } as const
  cloud.hubs.civitai.addModel({
    id: model.civitaiModelId,
    name: model.name,
    type: 'Checkpoint',
    versions: [{ id: versionId, baseModel: 'SDXL 1.0', files: [{ content }] }],
  })
  const document = await importModel(clients, model)
  await followSync(clients, document, { signal: options.signal, onProgress: () => undefined })
  return document.id
}
