import type { SubjectMatte } from './subject-matte.ts'

/** Alpha below and above these ends is background and subject: takes away the haze that a linear model leaves. */
const ALPHA_FLOOR = 0.12
const ALPHA_CEILING = 0.88

/**
 * Writes alpha and clean rim colours into an interleaved 8-bit RGBA picture, in place. Background pixels become
 * transparent black (their colour would leak into later resizing, and costs bytes).
 */
export function paintCutout(rgba: Uint8Array, width: number, height: number, matte: SubjectMatte): void {
  const { zones, alpha, subject, background } = matte
  const guideWidth = alpha.width
  const guideHeight = alpha.height
  const scaleX = guideWidth / width
  const scaleY = guideHeight / height
  for (let y = 0; y < height; y++) {
    const guideY = Math.min(guideHeight - 1, Math.max(0, (y + 0.5) * scaleY - 0.5))
    const top = Math.floor(guideY)
    const bottom = Math.min(guideHeight - 1, top + 1)
    const fy = guideY - top
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 4
      const guideX = Math.min(guideWidth - 1, Math.max(0, (x + 0.5) * scaleX - 0.5))
      const left = Math.floor(guideX)
      const right = Math.min(guideWidth - 1, left + 1)
      const p = top * guideWidth + left
      const q = top * guideWidth + right
      const s = bottom * guideWidth + left
      const t = bottom * guideWidth + right
      const zone = zones[p] as number
      if (
        zone !== 2 &&
        zone === (zones[q] as number) &&
        zone === (zones[s] as number) &&
        zone === (zones[t] as number)
      ) {
        if (zone === 0) rgba.fill(0, at, at + 4)
        continue
      }
      const fx = guideX - left
      const wp = (1 - fx) * (1 - fy)
      const wq = fx * (1 - fy)
      const ws = (1 - fx) * fy
      const wt = fx * fy
      const mix = (plane: Float32Array): number =>
        (plane[p] as number) * wp + (plane[q] as number) * wq + (plane[s] as number) * ws + (plane[t] as number) * wt
      const red = (rgba[at] as number) / 255
      const green = (rgba[at + 1] as number) / 255
      const blue = (rgba[at + 2] as number) / 255
      const model = mix(alpha.red) * red + mix(alpha.green) * green + mix(alpha.blue) * blue + mix(alpha.offset)
      const opacity = Math.min(1, Math.max(0, (model - ALPHA_FLOOR) / (ALPHA_CEILING - ALPHA_FLOOR)))
      if (opacity === 0) {
        rgba.fill(0, at, at + 4)
        continue
      }
      if (opacity === 1) continue
      rgba[at] = unmix(red, opacity, mix(subject.red), mix(background.red))
      rgba[at + 1] = unmix(green, opacity, mix(subject.green), mix(background.green))
      rgba[at + 2] = unmix(blue, opacity, mix(subject.blue), mix(background.blue))
      rgba[at + 3] = Math.round(opacity * 255)
    }
  }
}

/** The subject's share of a mixed colour (blur fusion, Forte 2021): the local subject colour, corrected by what it leaves unexplained. */
function unmix(colour: number, opacity: number, subject: number, background: number): number {
  const rest = colour - opacity * subject - (1 - opacity) * background
  return Math.round(255 * Math.min(1, Math.max(0, subject + opacity * rest)))
}
