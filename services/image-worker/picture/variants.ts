import type { ShowcaseVariants } from '#shared/documents/characters.ts'

export type VariantFormat = 'png' | 'webp' | 'avif'

export interface VariantRule {
  /** Formats beside the PNG. */
  formats: readonly ('webp' | 'avif')[]
  /** Pixels. */
  thumbnailWidths: readonly number[]
}

/** One picture that is published besides the PNG. */
export interface VariantPlan {
  format: VariantFormat
  /** Pixels; null for the PNG's own size. */
  width: number | null
}

/** What the rule asks for: each format at full size, and each width in each format (in PNG where no format is asked for). */
export function planVariants(rule: VariantRule): VariantPlan[] {
  const formats = [...new Set(rule.formats)]
  const thumbnailFormats: readonly VariantFormat[] = formats.length > 0 ? formats : ['png']
  const widths = [...new Set(rule.thumbnailWidths)].sort((left, right) => left - right)
  return [
    ...formats.map((format): VariantPlan => ({ format, width: null })),
    ...widths.flatMap((width) => thumbnailFormats.map((format): VariantPlan => ({ format, width }))),
  ]
}

/** The plans' URLs in the document's shape; null where nothing but the PNG is published. */
export function variantUrls(published: readonly { plan: VariantPlan; url: string }[]): ShowcaseVariants | null {
  if (published.length === 0) return null
  const urls: ShowcaseVariants = { full: {}, thumbnails: {} }
  for (const { plan, url } of published) {
    if (plan.width === null) urls.full[plan.format] = url
    else urls.thumbnails[plan.width] = { ...urls.thumbnails[plan.width], [plan.format]: url }
  }
  return urls
}
