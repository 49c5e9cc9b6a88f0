import type { CivitaiFault } from './faults.ts'

type Json = Record<string, unknown>

/** A model's or a version's object as a fault leaves it. */
export function spoil(object: Json, fault: CivitaiFault | null): Json {
  switch (fault?.kind) {
    case 'wrong-hash':
      return eachFile(object, (file) => ({ ...file, hashes: { SHA256: 'B'.repeat(64), AutoV2: 'B'.repeat(10) } }))
    case 'wrong-size':
      return eachFile(object, (file) => ({ ...file, sizeKB: Number(file.sizeKB) + 1 / 1024 }))
    case 'no-hashes':
      return eachFile(object, ({ scannedAt: _, ...file }) => ({
        ...file,
        hashes: {},
        virusScanResult: 'Pending',
        pickleScanResult: 'Pending',
      }))
    case 'odd-fields':
      return eachVersion(eachFile(object, oddFile), oddVersion)
    default:
      return object
  }
}

function oddFile({ virusScanMessage: _, ...file }: Json): Json {
  return {
    ...file,
    id: String(file.id),
    metadata: null,
    primary: null,
    virusScanResult: null,
    pickleScanResult: 'Quarantined',
    hashes: { ...(file.hashes as Json), CRC32: 12345, Future: ['x'] },
  }
}

function oddVersion({ status: _, baseModelType: __, ...version }: Json): Json {
  return {
    ...version,
    stats: null,
    availability: null,
    baseModel: 'A Base Model of Next Year',
    publishedAt: String(version.publishedAt).replace(/Z$/, ''),
    trainedWords: null,
    earlyAccessTimeFrame: 0,
    files: [...((version.files as unknown[] | undefined) ?? []), null, { name: 'without an id' }],
  }
}

/** Over a version's own answer, or every version of a model's. */
function eachVersion(object: Json, change: (version: Json) => Json): Json {
  const { modelVersions } = object
  if (!Array.isArray(modelVersions)) return change(object)
  return { ...object, modelVersions: modelVersions.map(change) }
}

function eachFile(object: Json, change: (file: Json) => Json): Json {
  return eachVersion(object, (version) => ({
    ...version,
    files: ((version.files as Json[] | undefined) ?? []).map(change),
  }))
}
