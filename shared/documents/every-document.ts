import type { Query, QueryDocumentSnapshot } from '@google-cloud/firestore'

const PAGE_SIZE = 100

/** Every document that a query without an order finds, by document id and a page at a time; `after`: those behind that id only. */
export async function* everyDocument(
  query: Query,
  options: { after?: string | null; pageSize?: number } = {},
): AsyncGenerator<QueryDocumentSnapshot> {
  const { after = null, pageSize = PAGE_SIZE } = options
  const page = query.orderBy('__name__').limit(pageSize)
  for (let last = after; ; ) {
    const { docs } = await (last === null ? page : page.startAfter(last)).get()
    yield* docs
    last = docs.at(-1)?.id ?? null
    if (docs.length < pageSize) return
  }
}
