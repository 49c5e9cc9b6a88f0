import { createWriteStream } from 'node:fs'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ConfigError } from '#shared/errors/app-error.ts'
import type { ObjectFacts, ObjectName, ObjectStore } from '#shared/objects/object-store.ts'

/** A model as a file on this machine. */
export interface ModelFile {
  path: string
  /** Removes what was fetched; a file of the operator's own stays. */
  release(): Promise<void>
}

/** The verbs of the object store that a model at `gs://` needs. */
export type ModelStore = Pick<ObjectStore, 'stat' | 'readStream'>

/**
 * The model named by a path or by `gs://bucket/object`; the latter is fetched into a folder of its own in `tempFolder`.
 * @throws ConfigError `onnx.no-model` when there is no such file; TransientError when it cannot be fetched now.
 */
export async function openModelFile(location: string, store: ModelStore, tempFolder = tmpdir()): Promise<ModelFile> {
  const object = objectNamed(location)
  if (object) return await fetchModel(object, { location, store, tempFolder })
  try {
    await access(location)
  } catch (cause) {
    throw noModel(location, cause)
  }
  return { path: location, release: async () => {} }
}

function objectNamed(location: string): ObjectName | null {
  const [, bucket, name] = /^gs:\/\/([^/]+)\/(.+)$/.exec(location) ?? []
  return bucket && name ? { bucket, name } : null
}

async function fetchModel(
  object: ObjectName,
  from: { location: string; store: ModelStore; tempFolder: string },
): Promise<ModelFile> {
  const { location, store, tempFolder } = from
  const facts: ObjectFacts | null = await store.stat(object)
  if (!facts) throw noModel(location)
  const folder = await mkdtemp(join(tempFolder, 'background-model-'))
  const release = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'model.onnx')
  try {
    // Streamed: such files have up to a gigabyte.
    await pipeline(store.readStream(object, { generation: facts.generation }), createWriteStream(path))
  } catch (error) {
    await release()
    throw error
  }
  return { path, release }
}

function noModel(location: string, cause?: unknown): ConfigError {
  return new ConfigError({
    code: 'onnx.no-model',
    message: `There is no model file at ${location}; name one that exists in BACKGROUND_MODEL.`,
    ...(cause ? { cause } : {}),
  })
}
