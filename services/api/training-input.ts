import { createHash } from 'node:crypto'
import type { TrainingOptions, TrainingType } from '#shared/documents/trainings.ts'

/** What makes two trainings the same: their photos in any order, what is learned of them, and by which trainer. */
interface TrainingInput {
  /** One text a photo that its bytes decide, e.g. `crc32c:{base64}:{size}` or `sha256:{hex}`. */
  photos: readonly string[]
  type: TrainingType
  options: TrainingOptions
  /** `owner/name:version`. */
  trainer: string
}

/** The hash by which the same input is found again. It says nothing of names: the same photos under another name are the same. */
export function trainingInputHash({ photos, type, options, trainer }: TrainingInput): string {
  const chosen = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([photos.toSorted(), type, chosen, trainer]))
    .digest('hex')
}
