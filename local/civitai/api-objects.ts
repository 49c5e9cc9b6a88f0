import type { StoredFile, StoredModel, StoredVersion } from './catalogue.ts'
import { listedPrimary } from './primary.ts'

type Json = Record<string, unknown>

const STATS = { downloadCount: 2183, thumbsUpCount: 416 }

/** A model's numbers, some of them hidden. */
export function modelStats({ stats }: StoredModel): Record<string, number | null> {
  const legacy = { favoriteCount: 0, ratingCount: 0, rating: 0 }
  return { ...STATS, ...legacy, thumbsDownCount: null, commentCount: 12, tippedAmountCount: 360, ...stats }
}

/** `GET /models/{id}` (contract §3): null fields of versions and files are left out. */
export function modelObject(model: StoredModel, origin: string): Json {
  const visible = model.versions.map((version, index) => ({ version, index })).filter((one) => isPublic(one.version))
  return {
    id: model.id,
    name: model.name,
    description: model.description,
    allowNoCredit: true,
    allowCommercialUse: ['Image', 'RentCivit', 'Rent', 'Sell'],
    allowDerivatives: true,
    allowDifferentLicense: true,
    type: model.type,
    minor: false,
    sfwOnly: false,
    poi: model.poi,
    nsfw: model.nsfw,
    nsfwLevel: model.nsfwLevel,
    availability: 'Public',
    cosmetic: null,
    supportsGeneration: true,
    stats: modelStats(model),
    creator: model.creator === null ? null : { username: model.creator, image: null },
    tags: model.tags,
    ...(model.mode === null ? {} : { mode: model.mode }),
    modelVersions: visible.map(({ version, index }) => withoutNulls(versionInModel(model, version, index, origin))),
  }
}

function versionInModel(model: StoredModel, version: StoredVersion, index: number, origin: string): Json {
  return {
    id: version.id,
    index,
    name: version.name,
    baseModel: version.baseModel,
    baseModelType: null,
    createdAt: version.publishedAt.toISOString(),
    publishedAt: version.publishedAt.toISOString(),
    status: version.status,
    availability: version.earlyAccess === null ? 'Public' : 'EarlyAccess',
    nsfwLevel: 1,
    trainedWords: version.trainedWords,
    covered: true,
    stats: { ...STATS, ratingCount: 0, rating: 0, thumbsDownCount: 0 },
    ...filesOf(model, version, origin, (file) => ({ ...withoutNulls(file), metadata: withoutNulls(file.metadata) })),
    images: [],
  }
}

/** `GET /model-versions/{id}` and by-hash (contract §3): nulls are kept. */
export function versionObject(model: StoredModel, version: StoredVersion, origin: string): Json {
  const published = version.publishedAt.toISOString()
  const ends = version.earlyAccess instanceof Date ? version.earlyAccess.toISOString() : null
  return {
    id: version.id,
    modelId: model.id,
    name: version.name,
    createdAt: published,
    updatedAt: published,
    status: version.status,
    publishedAt: published,
    trainedWords: version.trainedWords,
    trainingStatus: null,
    trainingDetails: null,
    baseModel: version.baseModel,
    baseModelType: null,
    earlyAccessEndsAt: ends,
    earlyAccessConfig: null,
    paidAccess: version.earlyAccess === null ? null : { permanent: ends === null, endsAt: ends },
    description: null,
    uploadType: 'Created',
    usageControl: version.usageControl,
    air: `urn:air:flux1:${model.type.toLowerCase()}:civitai:${model.id}@${version.id}`,
    stats: STATS,
    model: {
      name: model.name,
      type: model.type,
      nsfw: model.nsfw,
      poi: model.poi,
      ...(model.mode === null ? {} : { mode: model.mode }),
    },
    ...filesOf(model, version, origin, (file) => file),
    images: [],
  }
}

/**
 * A model as `GET /models` lists it (contract §3): nulls are kept, dates of versions have no zone, and neither their status nor
 * the moment they were made is told.
 */
export function listedObject(model: StoredModel, origin: string): Json {
  const versions = model.versions
    .map((version, index) => ({ version, index }))
    // One without a primary file is left out.
    .filter(({ version }) => isPublic(version) && listedPrimary(version.files) !== null)
  return {
    ...modelObject(model, origin),
    modelVersions: versions.map(({ version, index }) => {
      const { createdAt: _, status: __, covered: ___, ...object } = versionInModel(model, version, index, origin)
      const files = filesOf(model, version, origin, (file) => file)
      return {
        ...object,
        ...files,
        publishedAt: String(object.publishedAt).replace(/Z$/, ''),
        supportsGeneration: true,
      }
    }),
  }
}

/** Drafts, scheduled, unpublished and deleted versions are their owner's alone. */
export function isPublic({ status }: StoredVersion): boolean {
  return status === 'Published'
}

type FileObject = Json & { metadata: Json }

/** Archived models keep neither files nor a URL (contract §3). */
function filesOf(model: StoredModel, version: StoredVersion, origin: string, shape: (file: FileObject) => Json): Json {
  if (model.mode === 'Archived') return { files: [] }
  const primary = listedPrimary(version.files)
  const url = `${origin}/api/download/models/${version.id}`
  const files = version.files.map((file) => shape(fileObject(file, { isPrimary: file === primary, url })))
  return { files, downloadUrl: url }
}

function fileObject(file: StoredFile, { isPrimary, url }: { isPrimary: boolean; url: string }): FileObject {
  const { hosted, told } = file
  const sha256 = (told.sha256 === undefined ? hosted?.sha256 : told.sha256)?.toUpperCase() ?? null
  const sizeBytes = told.sizeBytes ?? hosted?.sizeBytes ?? 19_281_048
  return {
    id: file.id,
    // As printed by the service: 16 digits, so that the product with 1024 may be off (contract §3).
    sizeKB: Number((sizeBytes / 1024).toPrecision(16)),
    name: file.name,
    type: file.type,
    pickleScanResult: file.pickleScan,
    pickleScanMessage: file.pickleScan === 'Success' ? 'No Pickle imports' : null,
    virusScanResult: file.virusScan,
    virusScanMessage: null,
    scannedAt: file.virusScan === 'Pending' ? null : '2025-05-19T02:43:46.31',
    metadata: { format: file.format, size: file.size, fp: file.fp },
    // The rest of the kinds are not there for everything either.
    hashes: sha256 === null ? {} : { AutoV2: sha256.slice(0, 10), SHA256: sha256 },
    downloadUrl: isPrimary ? url : `${url}?${queryOf(file)}`,
    ...(isPrimary ? { primary: true } : {}),
  }
}

/** How the service words the URL of a file that is not its pick; two files can share one (contract §5). */
function queryOf({ type, format, size, fp }: StoredFile): string {
  const parts = { type, format: type === 'Training Data' ? null : format, size, fp }
  const told = Object.entries(parts).filter((part): part is [string, string] => part[1] !== null)
  return told.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
}

function withoutNulls(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}
