/** The paid steps of the pipeline, as prices name them. */
export const pricedSteps = ['background', 'upscale'] as const
export type PricedStep = (typeof pricedSteps)[number]

/** Credits a call, by provider and step; null where only the provider's bill knows. */
export type PriceTable = Readonly<Record<string, Readonly<Record<PricedStep, number | null>>>>

/** What providers took when this was written. Prices change: whoever knows better says so with `--price`. */
export const knownPrices: PriceTable = {
  clipdrop: { background: 1, upscale: 1 },
  // Billed by the second of computing, in the account's own currency.
  replicate: { background: null, upscale: null },
  onnx: { background: 0, upscale: 0 },
  local: { background: 0, upscale: 0 },
}

export interface CostLine {
  step: PricedStep
  provider: string
  /** Null when the price is unknown. */
  credits: number | null
}

/**
 * What `pictures` will probably cost: one call of the first provider of each step, a picture. Less for pictures that
 * are cut out or large already, more when calls are repeated or a fall-back takes over.
 */
export function estimateCost(params: {
  pictures: number
  providers: Readonly<Record<PricedStep, readonly string[]>>
  prices: PriceTable
}): CostLine[] {
  const { pictures, providers, prices } = params
  return pricedSteps.map((step) => {
    const provider = providers[step][0] ?? 'none'
    const price = prices[provider]?.[step] ?? null
    return { step, provider, credits: price === null ? null : price * pictures }
  })
}

/**
 * Reads one `provider=credits` or `provider.step=credits` into a table.
 * @returns null when it is neither.
 */
export function withPrice(prices: PriceTable, text: string): PriceTable | null {
  const [, provider, step, amount] = /^([a-z][a-z0-9-]*)(?:\.(background|upscale))?=(\d+(?:\.\d+)?)$/.exec(text) ?? []
  if (provider === undefined || amount === undefined) return null
  const credits = Number(amount)
  const known = prices[provider] ?? { background: null, upscale: null }
  const changed = step === undefined ? { background: credits, upscale: credits } : { ...known, [step]: credits }
  return { ...prices, [provider]: changed }
}
