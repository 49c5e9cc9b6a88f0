/** Mean over a square window of 2·radius+1 pixels, cut off at the picture's edges. Running sums: the radius costs nothing. */
export function boxMean(plane: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rows = new Float32Array(plane.length)
  for (let y = 0; y < height; y++) {
    const start = y * width
    let sum = 0
    for (let x = 0; x < Math.min(radius, width); x++) sum += plane[start + x] as number
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += plane[start + x + radius] as number
      if (x - radius > 0) sum -= plane[start + x - radius - 1] as number
      rows[start + x] = sum / (Math.min(width - 1, x + radius) - Math.max(0, x - radius) + 1)
    }
  }
  const mean = new Float32Array(plane.length)
  const column = new Float64Array(width)
  for (let y = 0; y < Math.min(radius, height); y++) {
    for (let x = 0; x < width; x++) column[x] = (column[x] as number) + (rows[y * width + x] as number)
  }
  for (let y = 0; y < height; y++) {
    const entering = (y + radius) * width
    const leaving = (y - radius - 1) * width
    const size = Math.min(height - 1, y + radius) - Math.max(0, y - radius) + 1
    for (let x = 0; x < width; x++) {
      if (y + radius < height) column[x] = (column[x] as number) + (rows[entering + x] as number)
      if (leaving >= 0) column[x] = (column[x] as number) - (rows[leaving + x] as number)
      mean[y * width + x] = (column[x] as number) / size
    }
  }
  return mean
}
