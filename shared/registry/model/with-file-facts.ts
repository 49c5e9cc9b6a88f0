import type { SafetensorsFacts } from '../../formats/safetensors-facts.ts'
import { familyOf } from './base-models.ts'
import type { RegistryModel } from './registry-model.ts'

/** The record with what the file itself says, where its source has said nothing. */
export function withFileFacts(
  model: RegistryModel,
  facts: Pick<SafetensorsFacts, 'baseModelHint' | 'triggerWords' | 'recommendedWeight'>,
): RegistryModel {
  const isBaseSaid = model.baseModel !== null || model.sourceBaseModel !== null
  return {
    ...model,
    triggerWords: model.triggerWords.length > 0 ? model.triggerWords : [...facts.triggerWords],
    recommendedWeight: model.recommendedWeight ?? facts.recommendedWeight,
    ...(isBaseSaid ? {} : { baseModel: familyOf(facts.baseModelHint), sourceBaseModel: facts.baseModelHint }),
  }
}
