// Apart from the documents, whose client a service does not load to know these words.

export const trainingStatuses = [
  'queued',
  'preparing',
  'starting',
  'training',
  'completing',
  'succeeded',
  'failed',
  'canceled',
] as const
export type TrainingStatus = (typeof trainingStatuses)[number]

/** Where a training is, or where it failed. */
export const trainingStages = ['upload', 'training', 'completion'] as const
export type TrainingStage = (typeof trainingStages)[number]

/** What the person is to the prompts. */
export const trainingTypes = ['man', 'woman'] as const
export type TrainingType = (typeof trainingTypes)[number]
