import { type CivitaiFileChoice, chooseFile } from './choose-file.ts'
import type { CivitaiModel } from './model.ts'
import { type CivitaiVersion, isInEarlyAccess } from './version.ts'

/**
 * The version that somebody means who names none: the first of the model's page that is published, has weights and is not held
 * back. The page's order is newest first unless its creator has put a special edition (LCM, inpainting) behind. One in early
 * access only where there is nothing else. Null where no version has weights.
 */
export function chooseVersion(
  model: CivitaiModel,
  { choice, nowMs }: { choice: CivitaiFileChoice; nowMs: number },
): CivitaiVersion | null {
  const usable = model.versions
    .filter((version) => version.status === null || version.status === 'Published')
    .filter((version) => chooseFile(version.files, { modelType: model.type, choice }) !== null)
    .sort((a, b) => (a.index ?? 0) - (b.index ?? 0))
  return usable.find((version) => !isInEarlyAccess(version, nowMs)) ?? usable[0] ?? null
}
