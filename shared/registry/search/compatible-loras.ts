import type { BaseModel } from '../model/base-models.ts'
import type { RegistryModel } from '../model/registry-model.ts'
import { EVERYTHING, type RegistryQuery } from './search-query.ts'

/** What else a family loads: models trained on from another keep its architecture, and most of what its LoRAs rely on. */
const ALSO: Partial<Record<BaseModel, readonly BaseModel[]>> = {
  pony: ['sdxl'],
  illustrious: ['noobai', 'sdxl'],
  noobai: ['illustrious', 'sdxl'],
  chroma: ['flux'],
}

/** The families whose LoRAs a base model of this family loads, the closest first. */
export function compatibleBases(family: BaseModel): BaseModel[] {
  return [family, ...(ALSO[family] ?? [])]
}

/** What to search for to find the LoRAs that a model can be used with; null where its family is not known. */
export function compatibleLoras(model: Pick<RegistryModel, 'baseModel'>): RegistryQuery | null {
  const { baseModel } = model
  if (baseModel === null || baseModel === 'other') return null
  return { ...EVERYTHING, types: ['lora'], bases: compatibleBases(baseModel) }
}
