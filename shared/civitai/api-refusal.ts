import { FinalError } from '../errors/app-error.ts'
import type { CivitaiError, Refused } from './refusal.ts'

/** What the JSON endpoints refuse in ways of their own (contract §6, §7). */
export function nameApiRefusal({ status, said, rest, circumstances }: Refused): CivitaiError | null {
  const { subject } = circumstances
  if (status === 404 && /missing model file/i.test(said.text ?? '')) {
    return new FinalError({ code: 'civitai.no-weights', message: `CivitAI's ${subject} has no files.`, ...rest })
  }
  // `page * limit` was too large. It looks like a rate limit and no waiting helps (contract §7).
  if (status === 429 && /too many pages/i.test(said.text ?? '')) {
    const message = 'CivitAI shows no more pages of this list by number; ask with its cursor.'
    return new FinalError({ code: 'civitai.too-many-pages', message, ...rest })
  }
  return null
}
