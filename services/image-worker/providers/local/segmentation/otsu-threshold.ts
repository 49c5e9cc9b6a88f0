const BINS = 64

/** The value of 0…1 that best divides the values into a low and a high group (Otsu 1979). */
export function otsuThreshold(values: Float32Array): number {
  const histogram = new Float64Array(BINS)
  let total = 0
  for (const value of values) {
    const bin = Math.min(BINS - 1, Math.floor(value * BINS))
    histogram[bin] = (histogram[bin] as number) + 1
    total += bin
  }
  let best = 0
  let threshold = 0.5
  let lowCount = 0
  let lowSum = 0
  for (let bin = 0; bin < BINS - 1; bin++) {
    lowCount += histogram[bin] as number
    lowSum += (histogram[bin] as number) * bin
    const highCount = values.length - lowCount
    if (lowCount === 0 || highCount === 0) continue
    const between = lowCount * highCount * (lowSum / lowCount - (total - lowSum) / highCount) ** 2
    if (between > best) {
      best = between
      threshold = (bin + 1) / BINS
    }
  }
  return threshold
}
