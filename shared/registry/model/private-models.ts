import { FinalError } from '../../errors/app-error.ts'
import type { RegistryModel } from './registry-model.ts'

/**
 * Whether only our own account at the hub may see a model: its token asks for everybody, and must not show everybody what is
 * its owner's.
 */
export function isPrivate({ availability }: Pick<RegistryModel, 'availability'>): boolean {
  return availability === 'private'
}

/** Says of a private model what the hub says to whoever may not see it. Throws `civitai.not-found`, `huggingface.not-found`. */
export function refusePrivate(model: Pick<RegistryModel, 'availability' | 'source' | 'sourceId'>): void {
  if (!isPrivate(model)) return
  const message = `There is no ${model.sourceId}, or it is not for everybody.`
  throw new FinalError({ code: `${model.source}.not-found`, message })
}
