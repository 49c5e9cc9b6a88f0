import type { ReplicateFault } from '#local/replicate/faults.ts'
import { discPicture } from '../pictures.ts'
import { providerCall } from '../provider-call.ts'
import type { Harness } from './harness.ts'

export const picture = await discPicture(64, 48)

/** The two steps, each with its picture. */
export const STEPS = {
  background: ({ background }: Harness, call = providerCall(), image = picture) =>
    background.removeBackground(image, call),
  upscale: ({ upscaler }: Harness, call = providerCall(), image = picture) =>
    upscaler.upscale(image, { width: 128, height: 96 }, call),
}

/** A fault and what the provider makes of it. */
export interface Row {
  fault: ReplicateFault
  code: string
  retryable: boolean
  scope?: 'provider' | 'picture'
  answered: boolean
}

export const status = (code: number, more: { html?: boolean } = {}) =>
  ({ kind: 'status', status: code, ...more }) as const

/** What is certain to be final, what may pass, and what may have been paid. */
export const final = { retryable: false, answered: true }
export const passing = { retryable: true, answered: true }
export const lost = { retryable: true, answered: false }
