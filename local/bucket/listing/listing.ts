import { invalid } from '../http/failure.ts'
import { compileGlob } from './glob.ts'
import { compareNames, type SortedNames } from './name-order.ts'

/** The service's page size, also its upper limit. */
const MAX_RESULTS = 1000

export interface ListQuery {
  prefix: string
  delimiter: string
  /** First name to be listed, inclusive. */
  startOffset: string
  /** First name not to be listed; empty for no end. */
  endOffset: string
  includeTrailingDelimiter: boolean
  matches: (name: string) => boolean
  maxResults: number
  /** The last item or prefix of the page before; empty for the first page. */
  after: string
}

export interface Listing {
  names: string[]
  prefixes: string[]
  nextPageToken: string | null
}

/** Throws 400 for parameters that are none. */
export function parseListQuery(query: URLSearchParams): ListQuery {
  const matchGlob = query.get('matchGlob')
  const delimiter = query.get('delimiter') ?? ''
  if (matchGlob !== null && delimiter !== '' && delimiter !== '/') {
    throw invalid("matchGlob can be used with the delimiter '/' only.")
  }
  return {
    prefix: query.get('prefix') ?? '',
    delimiter,
    startOffset: query.get('startOffset') ?? '',
    endOffset: query.get('endOffset') ?? '',
    includeTrailingDelimiter: query.get('includeTrailingDelimiter') === 'true',
    matches: matchGlob === null ? () => true : compileGlob(matchGlob),
    ...parsePage(query),
  }
}

/** Which page of a list is asked for. Throws 400 for a `maxResults` that is no number. */
export function parsePage(query: URLSearchParams): Pick<ListQuery, 'maxResults' | 'after'> {
  const maxResults = query.get('maxResults')
  if (maxResults !== null && !/^\d+$/.test(maxResults)) throw invalid(`Invalid value for: maxResults '${maxResults}'`)
  return {
    maxResults: Math.min(Number(maxResults ?? MAX_RESULTS) || MAX_RESULTS, MAX_RESULTS),
    after: Buffer.from(query.get('pageToken') ?? '', 'base64url').toString('utf8'),
  }
}

/** What brings the page after the one that ends with this name. */
export function pageToken(last: string): string {
  return Buffer.from(last).toString('base64url')
}

/**
 * One page of names in order. With a delimiter, names that have it after the prefix are folded into one entry of
 * `prefixes`, which counts towards the page like an item.
 */
export function listNames(sorted: SortedNames, query: ListQuery): Listing {
  const { prefix, endOffset, maxResults } = query
  const listing: Listing = { names: [], prefixes: [], nextPageToken: null }
  let index = firstIndex(sorted, query)
  let last = ''
  for (let name = sorted.at(index); name !== undefined; name = sorted.at(index)) {
    if (!name.startsWith(prefix) || (endOffset !== '' && compareNames(name, endOffset) >= 0)) break
    const folded = foldedPrefix(name, query)
    if (!query.matches(name)) {
      index++
      continue
    }
    if (listing.names.length + listing.prefixes.length === maxResults) {
      listing.nextPageToken = pageToken(last)
      break
    }
    last = folded ?? name
    if (folded !== null) listing.prefixes.push(folded)
    // An object whose name ends in its only delimiter is an item of its own where the caller asks for it.
    const isItem = folded === null || (query.includeTrailingDelimiter && name === folded)
    if (isItem) listing.names.push(name)
    index = folded === null ? index + 1 : sorted.indexAfterPrefix(folded)
  }
  return listing
}

function firstIndex(sorted: SortedNames, query: ListQuery): number {
  const { prefix, startOffset, after, delimiter } = query
  const from = compareNames(startOffset, prefix) > 0 ? startOffset : prefix
  const index = sorted.indexFrom(from)
  if (after === '') return index
  const wasFolded = delimiter !== '' && after.endsWith(delimiter) && after.length > prefix.length
  const resumed = wasFolded ? sorted.indexAfterPrefix(after) : sorted.indexFrom(after)
  const isSeen = sorted.at(resumed) === after
  return Math.max(index, isSeen ? resumed + 1 : resumed)
}

function foldedPrefix(name: string, { prefix, delimiter }: ListQuery): string | null {
  if (delimiter === '') return null
  const end = name.indexOf(delimiter, prefix.length)
  return end === -1 ? null : name.slice(0, end + delimiter.length)
}
