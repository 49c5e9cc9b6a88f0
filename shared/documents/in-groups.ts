/** Parts of a list, in its order; the last may be shorter. */
export function groupsOf<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}

/** Works on a few at a time, in their order. @throws what the first failure throws */
export async function inGroups<T, R>(all: readonly T[], size: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const group of groupsOf(all, size)) done.push(...(await Promise.all(group.map(work))))
  return done
}
