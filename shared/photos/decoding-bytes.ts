import type { Metadata } from 'sharp'

/** Bytes of one channel of one pixel, by libvips' names; the others have one. */
const sampleBytes: Record<string, number> = { ushort: 2, short: 2, uint: 4, int: 4, float: 4, complex: 8, double: 8 }
/** JPEG keeps coefficients of 16 bits. */
const coefficientBytes = 2
/** Samples a pixel of a colour JPEG, by its chroma subsampling. */
const chromaSamples: Record<string, number> = { '4:2:0': 1.5, '4:2:2': 2, '4:1:1': 1.5 }

/**
 * What a decoder may have to hold at once: all pixels (interlaced PNG, WebP, AVIF, anything that is turned), and of a
 * progressive JPEG all coefficients. Pictures that are decoded row by row take less; so few of them come near the limit
 * that they are not told apart.
 */
export function decodingBytes(header: Metadata): number {
  const { width, height, channels, depth, format } = header
  const pixels = width * height
  if (format === 'jpeg' && header.isProgressive === true) {
    return pixels * coefficientBytes * (chromaSamples[header.chromaSubsampling ?? ''] ?? channels)
  }
  return pixels * channels * (sampleBytes[depth] ?? 1)
}
