import type { LabPlanes } from './lab-planes.ts'

/** A picture cut into a few hundred patches of one colour each. */
export interface Superpixels {
  count: number
  /** Patch of each pixel. */
  labels: Int32Array
  size: Float32Array
  lightness: Float32Array
  a: Float32Array
  b: Float32Array
  /** Centre, 0…1 along each axis. */
  x: Float32Array
  y: Float32Array
  /** Pairs of touching patches, each once: first, second, first, second, … */
  touching: Int32Array
}

const ROUNDS = 8
/** Weight of position against colour: 10–20 keeps patches compact and still on edges. */
const COMPACTNESS = 12

/** SLIC (Achanta et al., PAMI 2012) with loose fragments joined to a neighbour. Works on pictures of any shape. */
export function cutIntoSuperpixels(lab: LabPlanes, wanted: number): Superpixels {
  const { width, height } = lab
  // A strip of a few pixels' height has room for one row only: without the last bound its patches would be thousands.
  const spacing = Math.max(1, Math.sqrt((width * height) / wanted), Math.max(width, height) / wanted)
  const columns = Math.max(1, Math.round(width / spacing))
  const rows = Math.max(1, Math.round(height / spacing))
  const count = columns * rows
  // Per centre: L, a, b, x, y.
  const centres = new Float32Array(count * 5)
  for (let c = 0; c < count; c++) {
    const x = Math.floor((((c % columns) + 0.5) * width) / columns)
    const y = Math.floor(((Math.floor(c / columns) + 0.5) * height) / rows)
    const i = y * width + x
    centres.set([lab.lightness[i] as number, lab.a[i] as number, lab.b[i] as number, x, y], c * 5)
  }
  const labels = new Int32Array(width * height)
  const nearest = new Float32Array(width * height)
  for (let round = 0; round < ROUNDS; round++) {
    assignPixels(lab, centres, count, spacing, labels, nearest)
    moveCentres(lab, centres, count, labels)
  }
  return describe(lab, joinFragments(labels, width, height, (spacing * spacing) / 4))
}

function assignPixels(
  lab: LabPlanes,
  centres: Float32Array,
  count: number,
  spacing: number,
  labels: Int32Array,
  nearest: Float32Array,
): void {
  const { width, height } = lab
  const positionWeight = (COMPACTNESS / spacing) ** 2
  nearest.fill(Infinity)
  for (let c = 0; c < count; c++) {
    const l = centres[c * 5] as number
    const a = centres[c * 5 + 1] as number
    const b = centres[c * 5 + 2] as number
    const cx = centres[c * 5 + 3] as number
    const cy = centres[c * 5 + 4] as number
    const x1 = Math.min(width - 1, Math.ceil(cx + 2 * spacing))
    const y1 = Math.min(height - 1, Math.ceil(cy + 2 * spacing))
    for (let y = Math.max(0, Math.floor(cy - 2 * spacing)); y <= y1; y++) {
      for (let x = Math.max(0, Math.floor(cx - 2 * spacing)); x <= x1; x++) {
        const i = y * width + x
        const d =
          ((lab.lightness[i] as number) - l) ** 2 +
          ((lab.a[i] as number) - a) ** 2 +
          ((lab.b[i] as number) - b) ** 2 +
          positionWeight * ((x - cx) ** 2 + (y - cy) ** 2)
        if (d < (nearest[i] as number)) {
          nearest[i] = d
          labels[i] = c
        }
      }
    }
  }
}

function moveCentres(lab: LabPlanes, centres: Float32Array, count: number, labels: Int32Array): void {
  const sums = new Float64Array(count * 6)
  for (let i = 0; i < labels.length; i++) {
    const s = (labels[i] as number) * 6
    sums[s] = (sums[s] as number) + (lab.lightness[i] as number)
    sums[s + 1] = (sums[s + 1] as number) + (lab.a[i] as number)
    sums[s + 2] = (sums[s + 2] as number) + (lab.b[i] as number)
    sums[s + 3] = (sums[s + 3] as number) + (i % lab.width)
    sums[s + 4] = (sums[s + 4] as number) + Math.floor(i / lab.width)
    sums[s + 5] = (sums[s + 5] as number) + 1
  }
  for (let c = 0; c < count; c++) {
    const size = sums[c * 6 + 5] as number
    if (size === 0) continue
    for (let k = 0; k < 5; k++) centres[c * 5 + k] = (sums[c * 6 + k] as number) / size
  }
}

/** Numbers the connected pieces anew; a piece below `smallest` pixels takes the number of the piece before it. */
function joinFragments(labels: Int32Array, width: number, height: number, smallest: number): Int32Array {
  const joined = new Int32Array(labels.length).fill(-1)
  const piece = new Int32Array(labels.length)
  let next = 0
  for (let start = 0; start < labels.length; start++) {
    if ((joined[start] as number) >= 0) continue
    const before =
      start % width > 0 ? (joined[start - 1] as number) : start >= width ? (joined[start - width] as number) : -1
    let size = 0
    let done = 0
    piece[size++] = start
    joined[start] = next
    while (done < size) {
      const i = piece[done++] as number
      const x = i % width
      const visit = (j: number): void => {
        if ((joined[j] as number) >= 0 || (labels[j] as number) !== (labels[start] as number)) return
        joined[j] = next
        piece[size++] = j
      }
      if (x > 0) visit(i - 1)
      if (x + 1 < width) visit(i + 1)
      if (i >= width) visit(i - width)
      if (i + width < width * height) visit(i + width)
    }
    if (size < smallest && before >= 0) for (let k = 0; k < size; k++) joined[piece[k] as number] = before
    else next++
  }
  return joined
}

function describe(lab: LabPlanes, labels: Int32Array): Superpixels {
  const { width, height } = lab
  let count = 0
  for (let i = 0; i < labels.length; i++) if ((labels[i] as number) >= count) count = (labels[i] as number) + 1
  const size = new Float32Array(count)
  const plane = () => new Float32Array(count)
  const [lightness, a, b, x, y] = [plane(), plane(), plane(), plane(), plane()]
  const pairs = new Set<number>()
  for (let i = 0; i < labels.length; i++) {
    const s = labels[i] as number
    const px = i % width
    size[s] = (size[s] as number) + 1
    lightness[s] = (lightness[s] as number) + (lab.lightness[i] as number)
    a[s] = (a[s] as number) + (lab.a[i] as number)
    b[s] = (b[s] as number) + (lab.b[i] as number)
    x[s] = (x[s] as number) + (px + 0.5) / width
    y[s] = (y[s] as number) + (Math.floor(i / width) + 0.5) / height
    for (const j of [px + 1 < width ? i + 1 : i, i + width < labels.length ? i + width : i]) {
      const t = labels[j] as number
      if (t !== s) pairs.add(Math.min(s, t) * count + Math.max(s, t))
    }
  }
  for (const plane of [lightness, a, b, x, y])
    for (let s = 0; s < count; s++) plane[s] = (plane[s] as number) / (size[s] as number)
  const touching = new Int32Array(pairs.size * 2)
  let k = 0
  for (const pair of pairs) {
    touching[k++] = Math.floor(pair / count)
    touching[k++] = pair % count
  }
  return { count, labels, size, lightness, a, b, x, y, touching }
}
