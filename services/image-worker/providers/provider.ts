/** One picture, whole in memory, as it passes between the steps of the pipeline. */
export interface ProviderImage {
  bytes: Buffer
  contentType: 'image/png' | 'image/jpeg' | 'image/webp'
  /** Pixels, after EXIF orientation. */
  width: number
  height: number
}

export interface ProviderAnswer {
  image: ProviderImage
  /** Credits that this call consumed, as the provider said; null where it does not say. */
  credits: number | null
  remainingCredits: number | null
}

export interface ProviderCall {
  signal: AbortSignal
  /** For logs and for providers that take an idempotency key. */
  jobId: string
}

/**
 * Cuts the subject out of a picture without alpha (oriented, sRGB, 8-bit). The answer is a PNG with alpha of the same size.
 * Failures are AppErrors; an aborted signal rejects with the signal's reason.
 */
export interface BackgroundProvider {
  readonly name: string
  /** Whether a call costs money, so that its result is stored before anything else happens. */
  readonly paid: boolean
  removeBackground(image: ProviderImage, call: ProviderCall): Promise<ProviderAnswer>
}

/** Enlarges a picture to exactly `target` (pixels), its alpha kept. */
export interface UpscaleProvider {
  readonly name: string
  readonly paid: boolean
  upscale(image: ProviderImage, target: { width: number; height: number }, call: ProviderCall): Promise<ProviderAnswer>
}
