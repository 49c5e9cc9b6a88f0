import * as z from 'zod'
import { idText, listOf, optionalText } from './lenient.ts'
import { type CivitaiVersion, versionSchema } from './version.ts'

/** A model and its versions, as `/models/{id}` shows them. */
export interface CivitaiModel {
  id: string
  name: string
  /** `LORA`, `Checkpoint`, … An open set. */
  type: string | null
  /** `Archived`, `TakenDown`; null for one in order. */
  mode: string | null
  versions: CivitaiVersion[]
}

export const modelSchema = z
  .object({
    id: idText,
    name: optionalText,
    type: optionalText,
    mode: optionalText,
    modelVersions: listOf(versionSchema),
  })
  .transform(
    (model): CivitaiModel => ({
      id: model.id,
      name: model.name ?? model.id,
      type: model.type,
      mode: model.mode,
      versions: model.modelVersions.map((version) => ({ ...version, modelId: model.id })),
    }),
  )
