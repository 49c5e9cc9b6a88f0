import { FinalError, TransientError } from '../errors/app-error.ts'
import type { CivitaiFile, ScanResult } from './file.ts'

/** CivitAI scans within minutes as a rule. */
const SCAN_RETRY_MS = 15 * 60_000

/** Refuses a file in which CivitAI's scanners found something, or on which they failed. */
export function refuseDangerous(file: CivitaiFile): void {
  const facts = { fileId: file.id, virusScan: file.virusScan, pickleScan: file.pickleScan }
  if (file.virusScan === 'danger') {
    const message = `CivitAI's virus scan found something in file ${file.id}; it is not loaded.`
    throw new FinalError({ code: 'civitai.infected', message, facts })
  }
  if (file.pickleScan === 'danger') {
    const message = `CivitAI's scan found code in file ${file.id} that would run when it is opened; it is not loaded.`
    throw new FinalError({ code: 'civitai.scan-danger', message, facts })
  }
  if (file.virusScan === 'error' || file.pickleScan === 'error') {
    const message = `CivitAI could not scan file ${file.id}; choose another file, or sync again once it was scanned.`
    throw new FinalError({ code: 'civitai.scan-failed', message, facts })
  }
}

/**
 * Refuses a file that nobody has scanned yet. For whoever loads formats that can hold code (pickle, zip): a safetensors file
 * can't, so it need not wait.
 */
export function refuseUnscanned(
  file: { fileId: string; virusScan: ScanResult; pickleScan: ScanResult },
  nowMs: number,
): void {
  if (file.virusScan === 'success' && file.pickleScan === 'success') return
  throw new TransientError({
    code: 'civitai.scan-pending',
    message: `CivitAI has not scanned file ${file.fileId} yet; it is tried again later.`,
    retryAt: new Date(nowMs + SCAN_RETRY_MS),
    facts: { fileId: file.fileId, virusScan: file.virusScan, pickleScan: file.pickleScan },
  })
}
