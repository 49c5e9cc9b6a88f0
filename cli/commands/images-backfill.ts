import type { CostLine, PriceTable } from '../../services/image-worker/app.ts'
import { mayGoOn } from '../ask.ts'
import { backfill } from '../backfill.ts'
import { type Command, characterIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'
import { type Connection, connect } from '../connect.ts'
import { creditsText } from '../job-report.ts'
import { imageOperations } from '../operations.ts'
import { table } from '../output.ts'
import { noQueueNote } from './images-process.ts'

const usage = `forge images backfill [--limit N] [--dry-run] [--concurrency N] [--failed] [--after ID]
                      [--price PROVIDER[.STEP]=CREDITS]… [--timeout SECONDS] [--yes] [--json] [--local]

Makes showcases for characters that have a main image and none yet. It says first how many and what
that will probably cost, and asks. Ended in the middle, the next call goes on: what is done or
under way is passed over. Five failures in a row end it.

  --limit N          at most so many (default 100)
  --dry-run          only lists and estimates
  --concurrency N    so many at once (default 4)
  --failed           also those whose last run failed for good
  --after ID         begin behind this character id
  --price …          credits a call: clipdrop=1, or of one step: clipdrop.upscale=4
  --timeout SECONDS  how long to wait for one picture (default 1800)
  --yes              don't ask
`

const options = {
  limit: { type: 'string', default: '100' },
  concurrency: { type: 'string', default: '4' },
  timeout: { type: 'string', default: '1800' },
  'dry-run': { type: 'boolean', default: false },
  failed: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  after: { type: 'string' },
  price: { type: 'string', multiple: true, default: [] as string[] },
} as const

export const imagesBackfill: Command = {
  words: ['images', 'backfill'],
  synopsis: 'images backfill',
  summary: 'make showcase images for characters without one',
  usage,
  options,
  examples: ['forge images backfill --dry-run', 'forge images backfill --limit 500 --price clipdrop=1.5 --yes'],
  async run(args, { output, signal }) {
    const call = parse(args)
    const prices = await pricesOf(call.prices)
    const connection = await connect({ local: call.local })
    try {
      const found = await findCandidates(connection, { ...call, signal })
      const estimate = await estimateFor(connection, found.ids.length, prices)
      output.result(
        { type: 'estimate', characters: found.ids.length, isMore: found.isMore, steps: estimate },
        estimateText(found, estimate),
      )
      if (call.dryRun) {
        for (const characterId of found.ids) output.result({ type: 'candidate', characterId }, `  ${characterId}`)
        return true
      }
      if (found.ids.length === 0) return true
      const question = `Make ${found.ids.length} ${found.ids.length === 1 ? 'showcase' : 'showcases'}?`
      if (!(await mayGoOn({ output, yes: call.yes, question, usage, signal }))) {
        output.note('Nothing was asked for.')
        return false
      }
      if (!connection.hasQueue) output.note(noQueueNote)
      const summary = await backfill(connection, { ...call, ids: found.ids, output, signal })
      const { done, failed, passedOver, credits, stoppedBy } = summary
      output.result(
        { type: 'summary', ...summary },
        `${done} complete, ${failed} failed, ${passedOver} passed over; ${creditsText(credits)}.${stoppedBy ? ` ${stoppedBy}` : ''}`,
      )
      signal.throwIfAborted()
      return failed === 0
    } finally {
      await connection.close()
    }
  },
}

function parse(args: string[]) {
  const { values, positionals } = parseCall(args, options, usage)
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is too much here.`, usage)
  return {
    local: values.local,
    limit: wholeNumber(values.limit, { name: 'limit', min: 1, max: 100_000, usage }),
    concurrency: wholeNumber(values.concurrency, { name: 'concurrency', min: 1, max: 50, usage }),
    timeoutMs: 1000 * wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }),
    dryRun: values['dry-run'],
    failedToo: values.failed,
    yes: values.yes,
    after: values.after === undefined ? null : characterIdOf(values.after, usage),
    prices: values.price,
  }
}

async function pricesOf(texts: readonly string[]): Promise<PriceTable> {
  const { knownPrices, withPrice } = await imageOperations()
  let prices = knownPrices
  for (const text of texts) {
    const changed = withPrice(prices, text)
    if (!changed) throw new UsageError(`--price takes PROVIDER=CREDITS or PROVIDER.STEP=CREDITS, not "${text}".`, usage)
    prices = changed
  }
  return prices
}

interface Found {
  ids: string[]
  /** There are more than the limit. */
  isMore: boolean
}

async function findCandidates(
  connection: Connection,
  call: { limit: number; failedToo: boolean; after: string | null; signal: AbortSignal },
): Promise<Found> {
  const { charactersWithoutShowcase } = await imageOperations()
  const ids: string[] = []
  for await (const { id } of charactersWithoutShowcase(connection.db, call)) {
    call.signal.throwIfAborted()
    if (ids.length === call.limit) return { ids, isMore: true }
    ids.push(id)
  }
  call.signal.throwIfAborted()
  return { ids, isMore: false }
}

async function estimateFor(connection: Connection, pictures: number, prices: PriceTable): Promise<CostLine[]> {
  const { estimateCost } = await imageOperations()
  const { BACKGROUND_PROVIDERS: background, UPSCALE_PROVIDERS: upscale } = connection.config
  return estimateCost({ pictures, providers: { background, upscale }, prices })
}

function estimateText(found: Found, estimate: CostLine[]): string {
  const count = found.ids.length
  const head = `${count} ${count === 1 ? 'character has' : 'characters have'} a main image and no showcase${found.isMore ? ', and there are more than --limit' : ''}.`
  if (count === 0) return head
  const rows = estimate.map(({ step, provider, credits }) => [
    step,
    provider,
    credits === null ? 'unknown: see the provider’s prices, or give --price' : `${credits} credits`,
  ])
  return `${head}\nEstimate (one call a step; repeated calls cost more, pictures that are cut out already less):\n${table(rows)}`
}
