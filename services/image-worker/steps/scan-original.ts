import { FinalError } from '#shared/errors/app-error.ts'
import type { MalwareScanner } from '#shared/malware/malware-scanner.ts'

/** What the job remembers of a scan. */
export interface ScanRecord {
  verdict: 'clean'
  ms: number
}

/**
 * Scans what was uploaded, before any decoder sees it. Null without a scanner.
 * @throws FinalError `image.malware` with the signature's name, TransientError when there is no verdict.
 */
export async function scanOriginal(
  scanner: MalwareScanner | null,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<ScanRecord | null> {
  if (!scanner) return null
  const started = performance.now()
  const verdict = await scanner.scan(bytes, signal)
  if (verdict.infected) {
    throw new FinalError({
      code: 'image.malware',
      message: `The uploaded file was refused: the malware scanner found ${verdict.signature}.`,
      facts: { signature: verdict.signature },
    })
  }
  return { verdict: 'clean', ms: Math.round(performance.now() - started) }
}
