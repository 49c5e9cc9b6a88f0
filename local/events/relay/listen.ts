import { type Client, Metadata } from '@grpc/grpc-js'
import { decodeDocument, type StoredDocument } from '../../documents/storage/document.ts'
import type { WireTimestamp } from '../../documents/wire/messages.ts'
import { messageType } from '../../documents/wire/schema.ts'
import { fromWireTimestamp } from '../../documents/wire/timestamp.ts'

/** Every document of every collection that has this id. */
export interface WatchedCollection {
  /** projects/P/databases/D */
  database: string
  collectionId: string
}

/** What a Firestore tells a listener, as far as a relay needs it. */
export type ListenMessage =
  /** What was told before counts no more; all that exists is told again. */
  | { kind: 'reset' }
  /** All that exists at `timeMs` has been told. */
  | { kind: 'current'; timeMs: number }
  | { kind: 'exists'; document: StoredDocument }
  | { kind: 'gone'; name: string; timeMs: number }
  /** How many documents there are. */
  | { kind: 'count'; count: number }

interface WireTarget {
  targetChangeType: number
  targetIds: number[]
  cause: { message: string } | null
  readTime: WireTimestamp | null
}
interface WireListenResponse {
  responseType?: 'targetChange' | 'documentChange' | 'documentDelete' | 'documentRemove' | 'filter'
  targetChange: WireTarget
  /** The schema leaves documents encoded. */
  documentChange: { document: Uint8Array }
  documentDelete: { document: string; readTime: WireTimestamp | null }
  documentRemove: { document: string; readTime: WireTimestamp | null }
  filter: { count: number }
}

const TARGET_ID = 1
/** google.firestore.v1.TargetChange.TargetChangeType */
const REMOVE = 2
const CURRENT = 3
const RESET = 4

const ListenRequest = messageType('ListenRequest')
const ListenResponse = messageType('ListenResponse')

/**
 * Listens on the wire, and not through the client's `onSnapshot`: that merges what comes together, and a relay wants every
 * state that the server tells. Resolves never; rejects when the stream ends, for whatever reason but the signal's.
 */
export function listen(
  client: Client,
  { database, collectionId }: WatchedCollection,
  { signal, onMessage }: { signal: AbortSignal; onMessage: (message: ListenMessage) => void },
): Promise<never> {
  const metadata = new Metadata()
  // An emulator lets its owner pass every security rule.
  metadata.set('authorization', 'Bearer owner')
  // The emulator finds the database by this header alone and answers UNKNOWN without it.
  metadata.set('google-cloud-resource-prefix', database)
  const stream = client.makeBidiStreamRequest<object, WireListenResponse>(
    '/google.firestore.v1.Firestore/Listen',
    (request) => Buffer.from(ListenRequest.encode(ListenRequest.fromObject(request)).finish()),
    (bytes) => ListenResponse.decode(bytes) as unknown as WireListenResponse,
    metadata,
  )
  const from = [{ collectionId, allDescendants: true }]
  const query = { parent: `${database}/documents`, structuredQuery: { from } }
  stream.write({ database, addTarget: { targetId: TARGET_ID, query } })
  return new Promise((_, reject) => {
    const cancel = (): void => stream.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    const end = (error: Error): void => {
      signal.removeEventListener('abort', cancel)
      reject(signal.aborted ? signal.reason : error)
    }
    stream.on('error', end)
    stream.on('end', () => end(new Error('The stream ended.')))
    stream.on('data', (response: WireListenResponse) => {
      try {
        const message = readResponse(response)
        if (message !== null) onMessage(message)
      } catch (error) {
        end(error as Error)
        stream.cancel()
      }
    })
  })
}

/** @throws Error where the server gives the target up. */
function readResponse(response: WireListenResponse): ListenMessage | null {
  switch (response.responseType) {
    case 'targetChange':
      return readTargetChange(response.targetChange)
    case 'documentChange':
      return { kind: 'exists', document: decodeDocument(response.documentChange.document) }
    case 'documentDelete':
    case 'documentRemove': {
      // Without a filter a document leaves the collection's result only with its end.
      const { document, readTime } = response[response.responseType]
      return { kind: 'gone', name: document, timeMs: millisOf(readTime) }
    }
    case 'filter':
      return { kind: 'count', count: response.filter.count }
    default:
      return null
  }
}

function readTargetChange({ targetChangeType, cause, readTime }: WireTarget): ListenMessage | null {
  switch (targetChangeType) {
    case REMOVE:
      throw new Error(cause?.message ?? 'The server removed the target.')
    case CURRENT:
      return { kind: 'current', timeMs: millisOf(readTime) }
    case RESET:
      return { kind: 'reset' }
    default:
      return null
  }
}

function millisOf(time: WireTimestamp | null): number {
  return time === null ? Date.now() : fromWireTimestamp(time) / 1000
}
