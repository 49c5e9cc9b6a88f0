import type { Firestore } from '@google-cloud/firestore'
import type { ObjectStore } from '#shared/objects/object-store.ts'

/** Where the cache is kept: its index, and the models bucket. */
export interface CacheDeps {
  db: Firestore
  store: ObjectStore
  bucket: string
}

export interface CacheLimits {
  /** CACHE_MAX_BYTES; 0 for none. */
  maxBytes: number
  /** CACHE_KEEP_RECENT. */
  keepRecent: number
}
