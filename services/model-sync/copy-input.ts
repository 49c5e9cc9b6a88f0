import * as z from 'zod'
import type { JobNames } from '#shared/jobs/job-requests.ts'

const locatorSchema = z.discriminatedUnion('source', [
  z.object({ source: z.literal('civitai'), modelVersionId: z.string(), fileId: z.string().nullable() }),
  z.object({ source: z.literal('huggingface'), repo: z.string(), commit: z.string(), path: z.string() }),
  z.object({ source: z.literal('url'), url: z.string() }),
  z.object({ source: z.literal('upload'), bucket: z.string(), name: z.string(), generation: z.string().nullable() }),
])

const sourceFileSchema = z.object({
  locator: locatorSchema,
  path: z.string(),
  sizeBytes: z.number().nullable(),
  sha256: z.string().nullable(),
  gitBlobSha1: z.string().nullable(),
})

/** What a copy job is about: the bytes of one file, or of a folder. Kept in the job. */
export const copyInputSchema = z.object({
  /** The row in `model_files`, and which copy of it this is. */
  fileId: z.string(),
  round: z.number(),
  /** One file goes to the object `target` with its extension; the files of a folder below `target`, which ends in a slash. */
  layout: z.enum(['file', 'folder']),
  target: z.string(),
  files: z.array(sourceFileSchema).min(1),
})

export type CopyInput = z.infer<typeof copyInputSchema>

export const copyJobNames = {
  kind: 'copy',
  key: ({ fileId, round }: Pick<CopyInput, 'fileId' | 'round'>) => `copy:${fileId}#${round}`,
  subject: ({ fileId }: Pick<CopyInput, 'fileId' | 'round'>) => `model_files/${fileId}`,
} satisfies JobNames<CopyInput>

/** Where a copy keeps its parts: beside the target, because compose needs them in one bucket. */
export function copyWorkPrefix(jobId: string): string {
  return `work/${jobId}/`
}
