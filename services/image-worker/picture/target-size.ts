export interface Size {
  width: number
  height: number
}

/** The size to upscale to: `factor` times, as long as no side exceeds `maxSide`; never smaller than it is. */
export function targetSize(size: Size, rule: { factor: number; maxSide: number }): Size {
  const factor = Math.max(1, Math.min(rule.factor, rule.maxSide / Math.max(size.width, size.height)))
  return { width: Math.round(size.width * factor), height: Math.round(size.height * factor) }
}

/** Whether there is nothing to upscale. */
export function isLargeEnough(size: Size, rule: { factor: number; maxSide: number }): boolean {
  const target = targetSize(size, rule)
  return target.width === size.width && target.height === size.height
}
