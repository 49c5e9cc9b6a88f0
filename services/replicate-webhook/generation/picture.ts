import type { GeneratedImage } from '#shared/documents/generations.ts'

/** The picture of one prompt. */
export interface Picture {
  /** Of its prompt. */
  index: number
  prompt: string
}

/** What became of a picture; kept as the result of a step of its own. */
export type PictureOutcome =
  /** `predictSeconds`: what Replicate bills, where it says so. */
  { kind: 'made'; image: GeneratedImage; predictSeconds: number | null } | PictureFailure

export interface PictureFailure {
  kind: 'failed'
  code: string
  /** A sentence for its owner. */
  message: string
  /** What Replicate bills for it all the same, where it says so. */
  predictSeconds?: number | null
}

/** Nothing is known for sure yet. */
export interface PicturePending {
  kind: 'pending'
  lookAgainAt: Date
}

export function failedPicture(code: `generation.${string}`, message: string): PictureFailure {
  return { kind: 'failed', code, message }
}
