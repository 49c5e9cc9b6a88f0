import * as z from 'zod'
import { type CivitaiFormat, fileFormat } from './file-format.ts'
import { type CivitaiHashes, readHashes } from './hashes.ts'
import { idText, optionalNumber, optionalText } from './lenient.ts'

/** `unknown`: nothing was said, or a word that did not exist when this was written. */
export type ScanResult = 'pending' | 'success' | 'danger' | 'error' | 'unknown'

/** One file of a version, as far as a copy needs it. */
export interface CivitaiFile {
  id: string
  /** Made by the server, often the same for several files of a version, and remote text: never a storage key by itself. */
  name: string
  /** `Model`, `Pruned Model`, `Training Data`, … An open set. */
  type: string
  sizeBytes: number | null
  format: CivitaiFormat
  /** `full`, `pruned`, … in lower case. */
  size: string | null
  /** `fp16`, `bf16`, … in lower case. */
  fp: string | null
  hashes: CivitaiHashes
  /** The server's own pick, which may be missing everywhere and may sit on training data (contract §3). */
  isPrimary: boolean
  virusScan: ScanResult
  pickleScan: ScanResult
}

const metadataSchema = z.object({ format: optionalText, size: optionalText, fp: optionalText }).nullish().catch(null)

const scanSchema = z
  .string()
  .nullish()
  .catch(null)
  .transform((text): ScanResult => {
    const word = text?.toLowerCase()
    return (['pending', 'success', 'danger', 'error'] as const).find((known) => known === word) ?? 'unknown'
  })

/** A file of any of the answers. Only the id is owed. */
export const fileSchema = z
  .object({
    id: idText,
    name: optionalText,
    type: optionalText,
    sizeKB: optionalNumber,
    metadata: metadataSchema,
    hashes: z.record(z.string(), z.unknown()).nullish().catch(null),
    primary: z.boolean().nullish().catch(null),
    virusScanResult: scanSchema,
    pickleScanResult: scanSchema,
  })
  .transform((file): CivitaiFile => {
    const name = file.name ?? `${file.id}`
    return {
      id: file.id,
      name,
      type: file.type ?? 'Other',
      sizeBytes: bytesOf(file.sizeKB),
      format: fileFormat(file.metadata?.format ?? null, name),
      size: file.metadata?.size?.toLowerCase() ?? null,
      fp: file.metadata?.fp?.toLowerCase() ?? null,
      hashes: readHashes(file.hashes ?? {}),
      isPrimary: file.primary ?? false,
      virusScan: file.virusScanResult,
      pickleScan: file.pickleScanResult,
    }
  })

/** `sizeKB` is KiB printed with 16 digits: the product may be off by 1e-7, so it is rounded and never cut (contract §3). */
function bytesOf(sizeKiB: number | null): number | null {
  if (sizeKiB === null || sizeKiB < 0) return null
  return Math.round(sizeKiB * 1024)
}
