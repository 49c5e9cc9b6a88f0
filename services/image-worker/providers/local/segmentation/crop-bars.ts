/** A rectangle inside a picture, pixels. */
export interface Frame {
  left: number
  top: number
  width: number
  height: number
}

/** Channel difference (0–255) that JPEG leaves in a flat bar. */
const FLATNESS = 14
/** Share of the first picture line that must differ from the bar, so that a plain studio backdrop is not taken for one. */
const EDGE_SHARE = 0.6
const SMALLEST_SHARE = 0.3

/** The picture without the flat bars (letterbox, pillarbox, frame) at its edges. `rgb` has three bytes a pixel. */
export function findFrame(rgb: Uint8Array, width: number, height: number): Frame {
  const row = (y: number) => ({ start: y * width, step: 1, length: width })
  const column = (x: number) => ({ start: x, step: width, length: height })
  const top = barThickness(rgb, height, (k) => row(k))
  const bottom = barThickness(rgb, height, (k) => row(height - 1 - k))
  const left = barThickness(rgb, width, (k) => column(k))
  const right = barThickness(rgb, width, (k) => column(width - 1 - k))
  const frame = { left, top, width: width - left - right, height: height - top - bottom }
  const isWhole = frame.width < SMALLEST_SHARE * width || frame.height < SMALLEST_SHARE * height
  return isWhole ? { left: 0, top: 0, width, height } : frame
}

interface Line {
  start: number
  step: number
  length: number
}

function barThickness(rgb: Uint8Array, lines: number, line: (k: number) => Line): number {
  const colour = rgb.subarray(line(0).start * 3, line(0).start * 3 + 3)
  const differingShare = ({ start, step, length }: Line): number => {
    let differing = 0
    for (let k = 0, i = start * 3; k < length; k++, i += step * 3) {
      const d = Math.max(
        Math.abs((rgb[i] as number) - (colour[0] as number)),
        Math.abs((rgb[i + 1] as number) - (colour[1] as number)),
        Math.abs((rgb[i + 2] as number) - (colour[2] as number)),
      )
      if (d > FLATNESS) differing++
    }
    return differing / length
  }
  let thickness = 0
  while (thickness < lines / 2 && differingShare(line(thickness)) < 0.01) thickness++
  if (thickness === 0 || thickness >= lines / 2) return 0
  // One blurred line may lie between bar and picture.
  const next = Math.max(differingShare(line(thickness)), differingShare(line(Math.min(lines - 1, thickness + 1))))
  return next >= EDGE_SHARE ? thickness + 1 : 0
}
