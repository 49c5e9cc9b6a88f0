import { type Bill, makeBills } from './bills.ts'
import { type PricedLine, total } from './lines.ts'
import type { MeasuredRuns, PriceList } from './price-list.ts'

/** The text of docs/costs.md. */
export function costsPage(list: PriceList, measured: MeasuredRuns): string {
  const { once, monthly } = makeBills(list, measured)
  const bills = [...once, monthly]
  return `# What it costs

Computed by \`npm run docs:costs\` from \`infra/prices.yaml\` and \`infra/measured-runs.yaml\`; a test compares. Don't edit it here: edit
the prices to your region and your contract, and run it again.

**List prices to be checked, as of ${list.asOf}, region ${list.region}, in US dollars**, without free tiers and without taxes. They were
copied from public pages without an account.

| | Google | providers |
|---|---|---|
${bills.map(summary).join('\n')}

"measured": counted on ${measured.measuredOn} in the local cloud (${measured.machine}), where every service runs behind proxies that count
documents read and written, operations on buckets, tasks, requests, and the seconds in which a service was answering
(\`npm run costs:measure\`; a test repeats it). Seconds are that machine's, with stand-ins for providers and proxies between: expect fewer
on Cloud Run, plus what is assumed. "assumed": the table at the end. "declared": so many of them are in infra/, or one a call by the provider's
documentation.

${bills.map((bill) => section(bill)).join('\n\n')}

## Assumptions

| | value | why |
|---|---|---|
${Object.entries(list.assumptions)
  .map(([name, { value, why }]) => `| \`${name}\` | ${value} | ${why} |`)
  .join('\n')}

## Not on the bill

- Bytes into Google Cloud, between services and buckets of one region, and objects' deletions are free.
- Eventarc takes nothing for events of Google's own; Pub/Sub beneath it bills bytes, of which an event has a few thousand.
- Objects under \`work/\` live for minutes: a sync of ${measured.syncBytes / 1e9} GB holds its bytes twice while it is put together (soft delete is off).
- The measured sync took ${measured.syncSeconds} s (${Math.round(measured.syncBytes / 1e6 / measured.syncSeconds)} MB/s). Its document writes are mostly progress, one every few seconds: they follow the time it takes.
- Models in the cache move to Nearline by themselves when they are not used (\`infra/buckets/models-lifecycle.json\`): ${money(list.prices['storage-month-nearline'].usd ?? 0)}
  a GB and month there, and a fee for every byte that is read.
- A deployment: some minutes of Cloud Build for each image, and with image-worker a canary, which is one showcase image.
- Log-based metrics, of which a job's end makes a few values.
- What people download, and CPU of \`minScale\` above 0, which is billed all the time.
`
}

function summary({ title, lines }: Bill): string {
  const [providers, google] = [lines.filter(isProvider), lines.filter((line) => !isProvider(line))]
  const unknown = providers.filter(({ usd }) => usd === null).map(({ quantity, unit }) => `${quantity} ${unit}s`)
  const known = total(providers) > 0 ? [money(total(providers))] : []
  return `| ${title} | ${money(total(google))} | ${[...known, ...unknown].join(' and ') || '–'} |`
}

function isProvider({ price }: PricedLine): boolean {
  return price === 'clipdrop-credit' || price === 'replicate-h100'
}

function section({ title, lines }: Bill): string {
  const rows = lines.map(({ name, quantity, unit, usd, basis, note }) => {
    const said = note === undefined ? name : `${name}: ${note}`
    return `| ${said} | ${rounded(quantity)} ${unit} | ${basis} | ${usd === null ? 'see your contract' : money(usd)} |`
  })
  return `## ${title}

| | quantity | known how | |
|---|---|---|---|
${rows.join('\n')}
| **together** | | | **${money(total(lines))}** |`
}

/** Three digits that mean something, whatever their place. */
function rounded(value: number): string {
  return String(value >= 1000 ? Math.round(value) : Number(value.toPrecision(3)))
}

function money(usd: number): string {
  if (usd >= 0.01) return `$${usd.toFixed(usd >= 1 ? 2 : 4)}`
  return usd === 0 ? '$0' : `$${usd.toFixed(7)}`
}
