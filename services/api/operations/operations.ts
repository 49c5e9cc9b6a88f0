/** What the command line does for the api, without the api: it only needs the books, the buckets and the queues. */
export { planTrainingPurge, type TrainingPurgePlan } from './plan-training-purge.ts'
export type { PurgeDeps } from './purge-places.ts'
export { purgeTraining } from './purge-training.ts'
export { planUserPurge, purgeUser, type UserPurgePlan } from './purge-user.ts'
