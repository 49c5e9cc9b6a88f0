/** Intersection over union of two masks of 0 and 1; 0 when both are empty. */
export function overlap(first: Uint8Array, second: Uint8Array): number {
  let both = 0
  let either = 0
  for (let i = 0; i < first.length; i++) {
    both += (first[i] as number) & (second[i] as number)
    either += (first[i] as number) | (second[i] as number)
  }
  return either === 0 ? 0 : both / either
}

/** The mask that the others agree with most; of equals the first. Null without any mask. */
export function mostAgreedMask(masks: readonly Uint8Array[]): Uint8Array | null {
  let best: Uint8Array | null = null
  let bestAgreement = -1
  for (const mask of masks) {
    let agreement = 0
    for (const other of masks) if (other !== mask) agreement += overlap(mask, other)
    if (agreement > bestAgreement) {
      bestAgreement = agreement
      best = mask
    }
  }
  return best
}
