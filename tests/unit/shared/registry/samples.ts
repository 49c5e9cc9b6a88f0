import { nothingMore, type RegistryModel } from '#shared/registry/model/registry-model.ts'
import type { SearchSource } from '#shared/registry/search/search-source.ts'

/** A record with next to nothing in it. */
export function sample(more: Partial<RegistryModel> & Pick<RegistryModel, 'sourceId'>): RegistryModel {
  const source = more.source ?? 'civitai'
  return {
    id: `${source}:${more.sourceId}`,
    source,
    name: more.sourceId,
    type: 'lora',
    ...nothingMore(),
    ...more,
  }
}

/** A source over a list that a test may change; `calls` are the cursors that it was asked with, `fail` throws before an answer. */
export interface FakeSource extends SearchSource {
  calls: (string | null)[]
  models: RegistryModel[]
}

export function fakeSource(
  name: SearchSource['name'],
  models: RegistryModel[],
  options: {
    pageSize?: number
    followsSort?: boolean
    canAnswer?: boolean
    beforeAnswer?: (call: number, signal: AbortSignal) => void | Promise<void>
  } = {},
): FakeSource {
  const { pageSize, followsSort = true, canAnswer = true, beforeAnswer } = options
  const source: FakeSource = {
    name,
    models,
    calls: [],
    canAnswer: () => canAnswer,
    async page({ cursor, limit, signal }) {
      source.calls.push(cursor)
      await beforeAnswer?.(source.calls.length, signal)
      const start = Number(cursor ?? 0)
      const end = start + (pageSize ?? limit)
      const nextCursor = end < source.models.length ? String(end) : null
      return { models: source.models.slice(start, end), nextCursor, followsSort }
    },
  }
  return source
}

/** `civitai:1` … `civitai:n`. */
export const many = (source: RegistryModel['source'], count: number, more: Partial<RegistryModel> = {}) =>
  Array.from({ length: count }, (_, index) => sample({ source, sourceId: `${source}${index + 1}`, ...more }))
