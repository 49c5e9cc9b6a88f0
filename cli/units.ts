const byteUnits = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** `6.46 GiB`, `312 MiB`, `17 bytes`: three digits at least, powers of 1024. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`
  const { value, unit } = scaled(bytes)
  return `${threeDigits(value)} ${unit}`
}

/** `1.21 of 6.46 GiB`: both in the unit of the whole. */
export function bytesOfText(doneBytes: number, sizeBytes: number): string {
  if (sizeBytes < 1024) return `${Math.round(doneBytes)} of ${bytesText(sizeBytes)}`
  const { divisor } = scaled(sizeBytes)
  return `${threeDigits(doneBytes / divisor)} of ${bytesText(sizeBytes)}`
}

/** `83.1 MiB/s`. */
export function speedText(bytesPerSecond: number): string {
  return `${bytesText(bytesPerSecond)}/s`
}

/** `0:07`, `12:34`, `3:05:09`. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** `3.2 s`, and beyond a minute `12:34`. */
export function durationText(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : clockText(ms / 1000)
}

function scaled(bytes: number): { value: number; unit: string; divisor: number } {
  let divisor = 1024
  let step = 0
  // 1023.6 KiB would round to 1024 KiB.
  while (step < byteUnits.length - 1 && bytes / divisor >= 1023.5) {
    divisor *= 1024
    step += 1
  }
  return { value: bytes / divisor, unit: byteUnits[step] ?? 'KiB', divisor }
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0)
  return value.toFixed(value >= 9.995 ? 1 : 2)
}
