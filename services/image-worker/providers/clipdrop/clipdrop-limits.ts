import type { RateRule } from '#shared/http/rate-limiter.ts'
import type { InputRules } from '../fit-for-call.ts'

const CLIPDROP = { provider: 'ClipDrop', codePrefix: 'clipdrop' } as const

/** What an input may be (contract §2 and §3). MB and megapixels are taken as decimal: the smaller reading is never refused. */
export const BACKGROUND_LIMITS: InputRules = { ...CLIPDROP, maxPixels: 25_000_000, maxBytes: 30_000_000 }
export const UPSCALE_LIMITS: InputRules = { ...CLIPDROP, maxPixels: 16_000_000, maxBytes: 30_000_000 }

/** The longest side that the upscaler accepts as a target. */
export const MAX_TARGET_SIDE = 4096

/** 60 requests a minute per key; a short burst of it, for a character's two calls and a neighbour's. */
export const CLIPDROP_RATE: RateRule = { perSecond: 1, burst: 5 }
