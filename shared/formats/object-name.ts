import { weightExtensions } from './file-kind.ts'
import { type ModelFormat, pathExtension } from './model-format.ts'
import { badPath, checkedRemotePath, maxObjectNameBytes } from './remote-path.ts'
import { safeSegment } from './safe-segment.ts'

/** A version of a model, in the words of people and sources. */
export interface ModelVersionName {
  /** Free text. */
  name: string
  versionId: string
}

/** 200 emoji fit exactly; beside the longest version, extension and suffix the whole stays far below the limit. */
const maxNameBytes = 800
/** Smaller, for the sake of the paths below it. */
const maxFolderNameBytes = 400
const maxVersionBytes = 64

/**
 * Where a model of one file lies in its bucket: `models/{name with spaces as _}/{versionId}{extension}` (contract
 * charaforge-app.md, Models). A name that Cloud Storage or its tools could not take is changed, and then ends in a hash of
 * what it was. `extension` is empty or as `.safetensors`.
 */
export function modelObjectName(model: ModelVersionName & { extension: string }): string {
  const extension = /^\.[a-z0-9_]{1,15}$/i.test(model.extension) ? model.extension : ''
  return `models/${nameSegment(model.name, maxNameBytes)}/${versionSegment(model.versionId)}${extension}`
}

/**
 * The extension of the object that a file becomes. Where the bytes are known they decide, because tools that load the object
 * go by its name: what is called `.ckpt` and is safetensors becomes `.safetensors`. Else the file's own, if it is one that
 * weights have; else none.
 */
export function extensionOf(path: string, format?: ModelFormat): string {
  const named = pathExtension(path)
  if (format === 'safetensors' || format === 'gguf' || format === 'onnx') return `.${format}`
  return weightExtensions.has(named) ? named : ''
}

/** The name beside `objectName` for other content: `…/12-ab34cd56.safetensors`. The extension stays, which says what it is. */
export function besideObjectName(objectName: string, suffix: string): string {
  const match = /^(.*[^/])(\.[A-Za-z0-9]{1,16})$/.exec(objectName)
  return match === null ? `${objectName}-${suffix}` : `${match[1]}-${suffix}${match[2]}`
}

/** What the names of all objects of a folder model begin with; ends with `/`. */
export function folderPrefix(model: ModelVersionName): string {
  return `models/${nameSegment(model.name, maxFolderNameBytes)}/${versionSegment(model.versionId)}/`
}

/**
 * Where a file of a folder model lies. Its path stays as it is, since loaders look for it by name.
 * @throws FinalError `model.bad-path`
 */
export function folderObjectName(prefix: string, remotePath: string): string {
  const name = `${prefix}${checkedRemotePath(remotePath)}`
  if (Buffer.byteLength(name) > maxObjectNameBytes) throw badPath(remotePath)
  return name
}

function nameSegment(name: string, maxBytes: number): string {
  return safeSegment(name, { maxBytes, empty: 'model' })
}

function versionSegment(versionId: string): string {
  return safeSegment(versionId, { maxBytes: maxVersionBytes, empty: 'unversioned' })
}
