import * as z from 'zod'

/** What the job of a generation notes at its admission: enough to stop what it began once the document is gone. */
export const generationNoteSchema = z.object({
  /** Of prompts. */
  count: z.number(),
})
export type GenerationNote = z.output<typeof generationNoteSchema>
