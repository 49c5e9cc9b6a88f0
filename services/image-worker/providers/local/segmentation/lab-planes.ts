/** CIELAB planes of a small picture: L 0…100, a and b about −100…100. */
export interface LabPlanes {
  width: number
  height: number
  lightness: Float32Array
  a: Float32Array
  b: Float32Array
}

const linear = Float32Array.from({ length: 256 }, (_, value) => {
  const c = value / 255
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
})

const labCurve = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)

/** Converts interleaved 8-bit sRGB (3 channels) to CIELAB under D65. */
export function toLabPlanes(rgb: Uint8Array, width: number, height: number): LabPlanes {
  const count = width * height
  const lightness = new Float32Array(count)
  const a = new Float32Array(count)
  const b = new Float32Array(count)
  for (let i = 0, j = 0; i < count; i++, j += 3) {
    const red = linear[rgb[j] as number] as number
    const green = linear[rgb[j + 1] as number] as number
    const blue = linear[rgb[j + 2] as number] as number
    const x = labCurve((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047)
    const y = labCurve(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    const z = labCurve((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883)
    lightness[i] = 116 * y - 16
    a[i] = 500 * (x - y)
    b[i] = 200 * (y - z)
  }
  return { width, height, lightness, a, b }
}
