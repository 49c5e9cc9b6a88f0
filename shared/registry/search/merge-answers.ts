import { sourceKey } from '../model/registry-id.ts'
import type { ModelSource, RegistryModel } from '../model/registry-model.ts'
import type { Answered } from './ask-source.ts'
import { type SourcePosition, shownKeys } from './search-token.ts'

/** A page of several sources. */
export interface Merged {
  models: RegistryModel[]
  /** `shownKeys` of the models. */
  shown: string[]
  positions: Partial<Record<ModelSource, SourcePosition>>
}

/**
 * Takes up to `limit` models: first ranks, then second ranks, …, since the sources' numbers cannot be compared; by date, the
 * newest first, where all of them follow it. What shows already (by id, or by its bytes) is passed over. What one of our own
 * answers knows of our copy of a version is told of the hub's record of it too.
 */
export function mergeAnswers(
  answers: readonly Answered[],
  { limit, byDate }: { limit: number; byDate: boolean },
): Merged {
  const queues = answers.map((answered) => ({ answered, taken: 0 }))
  const isByDate = byDate && answers.every(({ followsSort }) => followsSort)
  const copies = ownCopies(answers)
  const merged: Merged = { models: [], shown: [], positions: {} }
  const seen = new Set<string>()

  /** The queue's next model that does not show yet; the others count as taken. */
  const headOf = (queue: (typeof queues)[number]): RegistryModel | null => {
    for (;;) {
      const model = queue.answered.fresh[queue.taken]?.model ?? null
      if (model === null || !shownKeys(model).some((key) => seen.has(key))) return model
      queue.taken += 1
    }
  }
  const take = (queue: (typeof queues)[number], model: RegistryModel): void => {
    queue.taken += 1
    const keys = shownKeys(model)
    for (const key of keys) seen.add(key)
    merged.shown.push(...keys)
    const copy = copies.get(sourceKey(model))
    merged.models.push(copy === undefined ? model : { ...model, ...copy })
  }

  while (merged.models.length < limit) {
    const before = merged.models.length
    if (isByDate) {
      const heads = queues.map((queue) => ({ queue, model: headOf(queue) }))
      // A source that may have something newer still, but not here: the rest waits for the next page.
      const isCut = heads.some(({ queue, model }) => model === null && hasMore(queue.answered))
      const newest = heads.toSorted((a, b) => dateOf(b.model) - dateOf(a.model))[0]
      if (newest?.model && !(isCut && before > 0)) take(newest.queue, newest.model)
    } else {
      for (const queue of queues) {
        const model = merged.models.length < limit ? headOf(queue) : null
        if (model !== null) take(queue, model)
      }
    }
    if (merged.models.length === before) break
  }
  for (const { answered, taken } of queues) {
    merged.positions[answered.name] = answered.fresh[taken]?.position ?? answered.end
  }
  return merged
}

/** One that failed, or found nothing in all that it may read, is not waited for: else nobody would see the others' models. */
function hasMore({ end, note, fresh }: Answered): boolean {
  return end !== 'done' && note === null && fresh.length > 0
}

function dateOf(model: RegistryModel | null): number {
  return model === null ? Number.NEGATIVE_INFINITY : (model.createdAt?.getTime() ?? 0)
}

/** What our own answers say of their copies, by the version that they are of. */
function ownCopies(answers: readonly Answered[]): Map<string, Pick<RegistryModel, 'gcsUri' | 'registered'>> {
  const models = answers.flatMap(({ fresh }) => fresh.map(({ model }) => model))
  const own = models.filter(({ gcsUri, registered }) => gcsUri !== null || registered !== null)
  return new Map(own.map((model) => [sourceKey(model), { gcsUri: model.gcsUri, registered: model.registered }]))
}
