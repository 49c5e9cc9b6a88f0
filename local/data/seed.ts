import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, resolve } from 'node:path'
import type { Storage } from '@google-cloud/storage'
import { z } from 'zod'
import type { DocumentAccess } from './document-access.ts'
import { removeObjects, saveObjects, seedObject, writeObject } from './object-access.ts'

/** The servers of a local cloud that runs. */
export interface DataServers {
  documents: DocumentAccess
  storage: Storage
}

export interface DataCounts {
  documents: number
  objects: number
}

const DOCUMENT_PATH = /^[^/]+\/[^/]+(\/[^/]+\/[^/]+)*$/

const seed = z.strictObject({
  /** Fields by the document's path, as `value-json.ts` reads them. */
  documents: z
    .record(z.string(), z.looseObject({}))
    .refine((all) => Object.keys(all).every((path) => DOCUMENT_PATH.test(path)), {
      error: ({ input }) =>
        `${Object.keys(input ?? {}).find((path) => !DOCUMENT_PATH.test(path))} is no document's path`,
    })
    .default({}),
  objects: z.array(seedObject).default([]),
})

/** Writes what a file of seeds holds; what is there besides stays. @throws Error saying what is wrong with the file. */
export async function seedData({ documents, storage }: DataServers, path: string): Promise<DataCounts> {
  const parsed = seed.safeParse(parseJson(path, await readFile(path, 'utf8')))
  if (!parsed.success) throw new Error(`${path} is no seed: ${z.prettifyError(parsed.error)}`)
  const written = await documents.write(Object.entries(parsed.data.documents))
  for (const object of parsed.data.objects) await writeObject(storage, object, dirname(path))
  return { documents: written, objects: parsed.data.objects.length }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${path} is no JSON.`, { cause })
  }
}

/**
 * Writes all documents to `path` and all objects to files beside it, as a seed that makes the same again. An earlier export
 * is replaced once the new one is whole.
 */
export async function exportData({ documents, storage }: DataServers, path: string): Promise<DataCounts> {
  const objectsName = `${basename(path, extname(path))}-objects`
  const objectsFolder = resolve(dirname(path), objectsName)
  const [newPath, newFolder] = [`${path}.new`, `${objectsFolder}.new`]
  // Left by an export that was killed.
  await rm(newFolder, { recursive: true, force: true })
  try {
    const objects = await saveObjects(storage, newFolder, objectsName)
    const found: Record<string, object> = {}
    for await (const [documentPath, fields] of documents.readAll()) found[documentPath] = fields
    await writeFile(newPath, `${JSON.stringify({ documents: found, objects }, null, 2)}\n`)
    await rm(objectsFolder, { recursive: true, force: true })
    await rename(newFolder, objectsFolder)
    await rename(newPath, path)
    return { documents: Object.keys(found).length, objects: objects.length }
  } finally {
    for (const left of [newPath, newFolder]) await rm(left, { recursive: true, force: true })
  }
}

/** Removes all documents and objects; buckets stay. */
export async function resetData({ documents, storage }: DataServers): Promise<{ objects: number }> {
  await documents.removeAll()
  return { objects: await removeObjects(storage) }
}
