import { readProject } from '../infra/project.ts'
import { type Line, type PricedLine, priced, runLines } from './lines.ts'
import type { AssumptionName, MeasuredRuns, PriceList } from './price-list.ts'

/** What one thing costs. */
export interface Bill {
  title: string
  lines: PricedLine[]
}

/** A month of thirty days. */
const MONTH_MINUTES = 30 * 24 * 60

/** Everything that docs/costs.md tells of. */
export function makeBills(list: PriceList, measured: MeasuredRuns): { once: Bill[]; monthly: Bill } {
  const assumed = (name: AssumptionName) => list.assumptions[name].value
  const bill = (title: string, lines: Line[]): Bill => ({ title, lines: priced(lines, list) })
  const once = [
    bill('One showcase image', imageLines(measured, assumed)),
    bill(`One sync of ${gigabytes(measured.syncBytes)} GB`, syncLines(measured, assumed)),
    bill('One training', trainingLines(measured, assumed)),
  ]
  return { once, monthly: bill('A month in which nothing happens', idleLines(measured, assumed)) }
}

type Assumed = (name: AssumptionName) => number

function imageLines({ runs: { image } }: MeasuredRuns, assumed: Assumed): Line[] {
  const waiting = 2 * assumed('clipdropSecondsPerCall')
  return [
    ...runLines(image, { 'image-worker': waiting }),
    { price: 'egress', quantity: gigabytes(assumed('imageEgressBytes')), basis: 'assumed', note: 'to ClipDrop' },
    { price: 'storage-month', quantity: gigabytes(image.storedBytes), basis: 'measured', note: 'the showcase image' },
    { price: 'clipdrop-credit', quantity: 2, basis: 'declared', note: 'one to cut out, one to enlarge' },
  ]
}

/** Seconds at the assumed speed in place of the measured ones: a hub is slower than a stand-in beside the service. */
function syncLines({ runs: { sync }, syncBytes }: MeasuredRuns, assumed: Assumed): Line[] {
  const seconds = syncBytes / 1e6 / assumed('syncMegabytesPerSecond')
  const measuredSeconds = sync.services['model-sync']?.busySeconds ?? 0
  return [
    ...runLines(sync, { 'model-sync': seconds - measuredSeconds }).map(
      (line): Line => (line.basis === 'measured' ? line : { ...line, basis: 'assumed', note: 'at the assumed speed' }),
    ),
    { price: 'storage-month', quantity: gigabytes(sync.storedBytes), basis: 'measured', note: 'as long as it is used' },
  ]
}

function trainingLines({ runs: { training } }: MeasuredRuns, assumed: Assumed): Line[] {
  const polls = assumed('trainingSeconds') / assumed('pollEverySeconds')
  const onlyPolls = (price: Line['price'], quantity: number): Line => ({
    price,
    quantity,
    basis: 'assumed',
    note: 'polls',
  })
  const samples = assumed('samplePictures') * assumed('sampleSeconds')
  return [
    ...runLines(training),
    onlyPolls('run-request', polls),
    onlyPolls('document-read', polls * assumed('readsPerPoll')),
    onlyPolls('document-write', polls * assumed('writesPerPoll')),
    onlyPolls('task', polls),
    {
      price: 'egress',
      quantity: gigabytes(assumed('trainingZipBytes')),
      basis: 'assumed',
      note: 'photos to Replicate',
    },
    { price: 'storage-month', quantity: gigabytes(assumed('weightsBytes')), basis: 'assumed', note: 'the weights' },
    { price: 'replicate-h100', quantity: assumed('trainingSeconds'), basis: 'assumed', note: 'the training' },
    { price: 'replicate-h100', quantity: samples, basis: 'assumed', note: 'sample pictures' },
  ]
}

function idleLines({ runs: { reconcile } }: MeasuredRuns, assumed: Assumed): Line[] {
  const { schedules, secrets, services } = readProject()
  const calls = schedules.flatMap(({ service, cron }) => {
    const quantities = reconcile.services[service]
    return quantities === undefined ? [] : [{ service, quantities, times: callsAMonth(cron) }]
  })
  const times = (count: (one: (typeof calls)[number]['quantities']) => number) =>
    calls.reduce((sum, one) => sum + one.times * count(one.quantities), 0)
  const month = {
    services: Object.fromEntries(
      calls.map(({ service, quantities, times: factor }) => [
        service,
        Object.fromEntries(Object.entries(quantities).map(([name, value]) => [name, value * factor])),
      ]),
    ),
    storedBytes: 0,
  } as typeof reconcile // Each quantity of a run, so many times.
  const images = (services.length * assumed('keptImagesPerService') * assumed('imageMegabytesPerService')) / 1000
  return [
    ...runLines(month).map(
      (line): Line => ({ ...line, note: `${times(({ requests }) => requests)} reconcilers’ calls` }),
    ),
    { price: 'scheduler-job', quantity: schedules.length, basis: 'declared', note: 'infra/project.yaml' },
    { price: 'secret-version', quantity: secrets.length, basis: 'declared', note: 'one version each' },
    { price: 'image-month', quantity: images, basis: 'assumed' },
    { price: 'log-month', quantity: assumed('logMegabytesPerMonth') / 1024, basis: 'assumed' },
  ]
}

/** Of the two kinds of schedule that infra/project.yaml has. @throws Error for another. */
function callsAMonth(cron: string): number {
  const [, every] = /^\*(?:\/(\d+))? \* \* \* \*$/.exec(cron) ?? []
  if (!cron.startsWith('*')) throw new Error(`How often ${cron} is in a month is not known here.`)
  return MONTH_MINUTES / Number(every ?? 1)
}

function gigabytes(bytes: number): number {
  return bytes / 1e9
}
