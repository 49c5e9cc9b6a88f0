import type { SyncProgress } from '../services/model-sync/app.ts'
import { fitText, textWidth } from './text-width.ts'
import { bytesOfText, bytesText, clockText, speedText } from './units.ts'

/** How far something is: a sync, or what forge itself does with a file. */
export type BarProgress = Omit<SyncProgress, 'phase'> & { phase: SyncProgress['phase'] | 'hashing' | 'uploading' }

const movingPhases: readonly BarProgress['phase'][] = ['copying', 'hashing', 'uploading']

/** Whether bytes pass, so that there is a speed and an end in sight. */
export function isMoving({ phase }: Pick<BarProgress, 'phase'>): boolean {
  return movingPhases.includes(phase)
}

export interface BarOptions {
  label: string
  /** Of the whole line, in columns. */
  width: number
  /** For the part that is done; the identity without colours. */
  paint: (text: string) => string
}

const widestBar = 40
const narrowestBar = 8

/**
 * One line for a terminal: label, phase, bar, per cent, bytes, speed, time left, lanes; exactly as wide as there is room, and
 * the least telling parts go first where there is little.
 */
export function progressBar(progress: BarProgress, options: BarOptions): string {
  const share = shareOf(progress)
  const parts = progressParts(progress)
  const label = fitText(options.label, Math.max(12, Math.floor(options.width / 3)))
  // From the last: what a narrow terminal can do without.
  const optional = [parts.lanes, parts.bytes, parts.speed, parts.eta]
  for (let dropped = 0; ; dropped++) {
    const kept = [parts.bytes, parts.speed, parts.eta, parts.lanes].filter(
      (part) => part !== '' && !optional.slice(0, dropped).includes(part),
    )
    const before = `${label}  ${progress.phase}  `
    const after = [parts.percent, ...kept].filter(Boolean).join('  ')
    const room = options.width - textWidth(before) - after.length - 2
    if (room < narrowestBar && dropped < optional.length) continue
    if (room < narrowestBar || share === null) return `${before}${after}`
    return `${before}${bar(share, Math.min(room, widestBar), options.paint)}  ${after}`
  }
}

/** The same as a plain sentence part, for a pipe. */
export function progressText(progress: BarProgress): string {
  const { percent, bytes, speed, eta, lanes } = progressParts(progress)
  return [progress.phase, percent.trim(), bytes, speed, eta, lanes].filter(Boolean).join('  ')
}

/** How much of it is done, from 0 to 1; null while nobody knows the size. */
export function shareOf({ doneBytes, sizeBytes }: BarProgress): number | null {
  if (sizeBytes === null) return null
  return sizeBytes === 0 ? 1 : Math.min(1, Math.max(0, doneBytes / sizeBytes))
}

function progressParts(progress: BarProgress) {
  const { doneBytes, sizeBytes, bytesPerSecond, etaSeconds, lanes } = progress
  const share = shareOf(progress)
  const hasSpeed = isMoving(progress) && bytesPerSecond > 0
  return {
    // Never 100 before it is all there.
    percent: share === null ? '' : `${String(Math.floor(share * 100)).padStart(3)} %`,
    bytes: sizeBytes === null ? bytesText(doneBytes) : bytesOfText(doneBytes, sizeBytes),
    speed: hasSpeed ? speedText(bytesPerSecond) : '',
    eta: hasSpeed && etaSeconds !== null ? `${clockText(etaSeconds)} left` : '',
    lanes: hasSpeed && lanes > 0 ? `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}` : '',
  }
}

const partialBlocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** `share` of `width` characters, to the eighth. */
export function bar(share: number, width: number, paint: (text: string) => string): string {
  const eighths = Math.floor(share * width * 8)
  const full = Math.floor(eighths / 8)
  const partial = partialBlocks[eighths % 8] ?? ''
  return `${paint(`${'█'.repeat(full)}${partial}`)}${'░'.repeat(width - full - partial.length)}`
}
