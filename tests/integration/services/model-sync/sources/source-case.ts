import { createHash } from 'node:crypto'
import type { DocumentData } from '@google-cloud/firestore'
import type { ContentSpec } from '#local/file-host/content-spec.ts'
import type { SyncWorld } from '../../../../support/sync-world.ts'

/** A model that is synced. */
export interface SourceCase {
  title: string
  /** Puts it at its source. `key` is the row's own, safe in any name. */
  add(world: SyncWorld, key: string): Wanted
}

/** What the document names, and what has to come of it. */
export interface Wanted {
  fields: DocumentData
  /** SHA-256 of each object, by its path below the model's prefix; '' for a model of one file. */
  objects: Record<string, string>
  /** Of the synced document. */
  shown?: Record<string, unknown>
  /** The end of `gcsUri`. */
  uri?: RegExp
}

let seeds = 5_000

/** Weights that nothing else has. */
export function weights(sizeBytes = 100_000, metadata: Record<string, string> = {}): ContentSpec {
  seeds += 1
  return { kind: 'safetensors', sizeBytes, seed: seeds, metadata }
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** SHA-256 of a file that a hub has just added, by its name. */
export function hostedSha256({ fileHosts, fileHost }: SyncWorld, nameEnd: string): string {
  const file = fileHosts.filesAt(fileHost).findLast(({ fileName }) => fileName.endsWith(nameEnd))
  if (file === undefined) throw new Error(`No file of this name was added: ${nameEnd}.`)
  return file.sha256
}
