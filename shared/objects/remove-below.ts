import type { ObjectFacts, ObjectStore } from './object-store.ts'

const REMOVALS_AT_ONCE = 16

/**
 * Removes everything below a prefix as it is listed, several at once. `remove` does one in its own way; one that is gone or was
 * written anew since must be fine to it.
 */
export async function removeBelow(
  store: ObjectStore,
  place: { bucket: string; prefix: string },
  remove: (object: ObjectFacts) => Promise<void> = (object) => store.remove(object, object.generation),
): Promise<void> {
  const found: ObjectFacts[] = []
  for await (const object of store.list(place.bucket, place.prefix)) {
    found.push(object)
    // None is begun before all are waited for: a removal that fails while the next page is listed would be nobody's failure.
    if (found.length === REMOVALS_AT_ONCE) await Promise.all(found.splice(0).map(remove))
  }
  await Promise.all(found.map(remove))
}
