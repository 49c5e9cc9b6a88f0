import type { ContentSpec } from '../file-host/content-spec.ts'
import type { FileHost, HostedFile } from '../file-host/server.ts'

/** What a test or a local stack adds: as much as matters to it; the rest is made up. */
export interface ModelSpec {
  id?: number
  name?: string
  /** Default `LORA`. */
  type?: string
  mode?: 'Archived' | 'TakenDown'
  /** Shows a real person: the download says 404. */
  poi?: boolean
  /** HTML. */
  description?: string
  tags?: string[]
  /** Null: the account is gone. */
  creator?: string | null
  nsfw?: boolean
  /** A bit for each level of its pictures; default 1, for everybody. */
  nsfwLevel?: number
  /** Over the numbers that every model has here; null for what its creator hides. */
  stats?: Readonly<Record<string, number | null>>
  /** In the order of the model's page. Default: one with one small safetensors file. */
  versions?: VersionSpec[]
}

export interface VersionSpec {
  id?: number
  name?: string
  baseModel?: string
  trainedWords?: string[]
  /** Default `Published`; any other is not shown to the public. */
  status?: string
  publishedAt?: Date
  /** Default `Download`. */
  usageControl?: string
  /** While it lasts only buyers get the file; `permanent` is for sale for good. */
  earlyAccess?: Date | 'permanent'
  /** Only buyers and owners get the file, for good and without a word of a sale. */
  isPrivate?: boolean
  /** Tokens of accounts that have bought the version or own it. */
  grantedTo?: readonly string[]
  /** Default true, as the service does today. */
  requiresLogin?: boolean
  files?: FileSpec[]
}

export interface FileSpec {
  id?: number
  name?: string
  /** Default `Model`. */
  type?: string
  /** Default `SafeTensor`. */
  format?: string
  size?: string | null
  fp?: string | null
  /** Absent everywhere: the server picks one. `false` everywhere: none is marked. */
  isPrimary?: boolean
  /** Null: listed, but its storage does not find it. Default: a small safetensors file. */
  content?: ContentSpec | null
  virusScan?: string
  pickleScan?: string
  /** What the API tells where that is not the truth; null for nothing. */
  told?: { sha256?: string | null; sizeBytes?: number }
}

export interface StoredFile {
  id: number
  name: string
  type: string
  format: string
  size: string | null
  fp: string | null
  isPrimary: boolean | null
  hosted: HostedFile | null
  virusScan: string
  pickleScan: string
  told: { sha256?: string | null; sizeBytes?: number }
}

export interface StoredVersion extends Required<Omit<VersionSpec, 'earlyAccess' | 'files'>> {
  earlyAccess: Date | 'permanent' | null
  files: StoredFile[]
}

export interface StoredModel {
  id: number
  name: string
  type: string
  mode: 'Archived' | 'TakenDown' | null
  poi: boolean
  description: string
  tags: string[]
  creator: string | null
  nsfw: boolean
  nsfwLevel: number
  stats: Readonly<Record<string, number | null>>
  versions: StoredVersion[]
}

/** The models of one stand-in. */
export interface Catalogue {
  add(spec: ModelSpec): StoredModel
  /** Puts another file list in place: old ids are gone, as after a creator's new upload. */
  replaceFiles(versionId: number, files: FileSpec[]): StoredFile[]
  model(id: number): StoredModel | null
  version(id: number): { model: StoredModel; version: StoredVersion } | null
  all(): StoredModel[]
}

export function createCatalogue(fileHost: Pick<FileHost, 'add'>): Catalogue {
  const models = new Map<number, StoredModel>()
  let lastId = 1_000_000
  const nextId = (): number => ++lastId

  function storeFile(spec: FileSpec, modelName: string): StoredFile {
    const id = spec.id ?? nextId()
    const { format = 'SafeTensor', content = { kind: 'safetensors', sizeBytes: 65_536, seed: id } } = spec
    const name = spec.name ?? `${modelName}.${EXTENSIONS[format] ?? 'safetensors'}`
    return {
      id,
      name,
      type: spec.type ?? 'Model',
      format,
      size: spec.size ?? null,
      fp: spec.fp ?? null,
      isPrimary: spec.isPrimary ?? null,
      hosted: content === null ? null : fileHost.add({ content, fileName: name }),
      virusScan: spec.virusScan ?? 'Success',
      pickleScan: spec.pickleScan ?? 'Success',
      told: spec.told ?? {},
    }
  }

  function storeVersion(spec: VersionSpec, index: number, modelName: string): StoredVersion {
    return {
      id: spec.id ?? nextId(),
      name: spec.name ?? `v${index + 1}.0`,
      baseModel: spec.baseModel ?? 'Flux.1 D',
      trainedWords: spec.trainedWords ?? [],
      status: spec.status ?? 'Published',
      publishedAt: spec.publishedAt ?? new Date(Date.UTC(2025, 1, 8) - index * DAY_MS),
      usageControl: spec.usageControl ?? 'Download',
      earlyAccess: spec.earlyAccess ?? null,
      isPrivate: spec.isPrivate ?? false,
      grantedTo: spec.grantedTo ?? [],
      requiresLogin: spec.requiresLogin ?? true,
      files: (spec.files ?? [{}]).map((file) => storeFile(file, modelName)),
    }
  }

  const find: Catalogue['version'] = (id) => {
    for (const model of models.values()) {
      const version = model.versions.find((one) => one.id === id)
      if (version !== undefined) return { model, version }
    }
    return null
  }

  return {
    add(spec) {
      const { id = nextId(), name = `Model ${id}`, type = 'LORA', mode = null, poi = false } = spec
      const { description = '<p>A model of the local stack.</p>', tags = ['style', 'local'] } = spec
      const { creator = 'local-creator', nsfw = false, nsfwLevel = 1, stats = {} } = spec
      const fileName = name.replaceAll(/[^a-zA-Z0-9]+/g, '-').toLowerCase()
      const versions = (spec.versions ?? [{}]).map((version, index) => storeVersion(version, index, fileName))
      const shown = { description, tags, creator, nsfw, nsfwLevel, stats }
      const model = { id, name, type, mode, poi, ...shown, versions }
      models.set(id, model)
      return model
    },
    replaceFiles(versionId, files) {
      const found = find(versionId)
      if (found === null) throw new Error(`The stand-in has no version ${versionId}.`)
      found.version.files = files.map((file) => storeFile(file, found.model.name))
      return found.version.files
    },
    model: (id) => models.get(id) ?? null,
    version: find,
    all: () => [...models.values()],
  }
}

const DAY_MS = 86_400_000

const EXTENSIONS: Readonly<Record<string, string>> = {
  SafeTensor: 'safetensors',
  PickleTensor: 'ckpt',
  GGUF: 'gguf',
  Diffusers: 'zip',
  ONNX: 'onnx',
  Other: 'zip',
}
