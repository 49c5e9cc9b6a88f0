import { type Generation, readGeneration } from '#shared/documents/generations.ts'
import { reading } from '#shared/documents/reading.ts'
import type { User } from '#shared/server/firebase-user.ts'
import type { ApiContext } from '../api-context.ts'
import type { GenerationView } from '../endpoints/generation-schemas.ts'
import { mayUse } from './read-trainings.ts'
import { notFound } from './refusals.ts'
import { isoTime } from './training-view.ts'

/** One generation of the user's; operators see everybody's. @throws CallerError 404 `generation.not-found`. */
export async function ownGeneration(context: ApiContext, wish: { user: User; id: string }): Promise<GenerationView> {
  const { db } = await context.loadClients()
  const generation = await reading(readGeneration(null, db, wish.id))
  if (generation === null || !mayUse(wish.user, generation)) throw notFound('generation', wish.id)
  return generationView(generation)
}

export function generationView(generation: Generation): GenerationView {
  const { id, userId, modelId, trainingId, status, prompts, images, error } = generation
  return {
    id,
    userId,
    modelId,
    trainingId,
    status,
    prompts,
    images: images.map(({ index, prompt, url, contentType, sizeBytes }) => ({
      index,
      prompt,
      url,
      contentType,
      sizeBytes,
    })),
    error: error && { code: error.code, message: error.message },
    createdAt: generation.createdAt.toDate().toISOString(),
    updatedAt: generation.updatedAt.toDate().toISOString(),
    finishedAt: isoTime(generation.finishedAt),
  }
}
