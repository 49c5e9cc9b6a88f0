import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as z from 'zod'
import { infraPath } from '../infra/project.ts'

const priceSchema = z.strictObject({
  name: z.string(),
  /** For `per` units; null where nobody publishes it. */
  usd: z.number().nonnegative().nullable(),
  per: z.number().positive(),
  unit: z.string(),
  source: z.url(),
})
const assumptionSchema = z.strictObject({ value: z.number().positive(), why: z.string() })

const priceNames = [
  'run-request',
  'run-cpu',
  'run-memory',
  'document-read',
  'document-write',
  'document-delete',
  'storage-class-a',
  'storage-class-b',
  'storage-month',
  'storage-month-nearline',
  'egress',
  'task',
  'scheduler-job',
  'secret-version',
  'image-month',
  'log-month',
  'clipdrop-credit',
  'replicate-h100',
] as const
const assumptionNames = [
  'clipdropSecondsPerCall',
  'imageEgressBytes',
  'syncMegabytesPerSecond',
  'trainingSeconds',
  'trainingZipBytes',
  'weightsBytes',
  'samplePictures',
  'sampleSeconds',
  'pollEverySeconds',
  'readsPerPoll',
  'writesPerPoll',
  'imageMegabytesPerService',
  'keptImagesPerService',
  'logMegabytesPerMonth',
] as const

/** `infra/prices.yaml`. */
const priceListSchema = z.strictObject({
  region: z.string(),
  currency: z.literal('USD'),
  asOf: z.iso.date(),
  prices: z.record(z.enum(priceNames), priceSchema),
  assumptions: z.record(z.enum(assumptionNames), assumptionSchema),
})

export type PriceList = z.output<typeof priceListSchema>
export type PriceName = (typeof priceNames)[number]
export type AssumptionName = (typeof assumptionNames)[number]

/** Reads and checks infra/prices.yaml. */
export function readPriceList(): PriceList {
  return priceListSchema.parse(parse(readFileSync(infraPath('prices.yaml'), 'utf8')))
}

const quantitiesSchema = z.strictObject({
  requests: z.number(),
  busySeconds: z.number(),
  documentReads: z.number(),
  documentWrites: z.number(),
  documentDeletes: z.number(),
  classA: z.number(),
  classB: z.number(),
  tasks: z.number(),
})
const runSchema = z.strictObject({
  services: z.record(z.string(), quantitiesSchema),
  /** What lies in the buckets afterwards. */
  storedBytes: z.number().default(0),
})

/** `infra/measured-runs.yaml`: what `npm run costs:measure` found. */
const measuredSchema = z.strictObject({
  measuredOn: z.iso.date(),
  machine: z.string(),
  syncBytes: z.number(),
  syncSeconds: z.number(),
  runs: z.strictObject({
    image: runSchema,
    sync: runSchema,
    smallSync: runSchema,
    training: runSchema,
    reconcile: runSchema,
  }),
})

export type MeasuredRuns = z.output<typeof measuredSchema>
export type MeasuredRun = z.output<typeof runSchema>

/** Reads and checks infra/measured-runs.yaml. */
export function readMeasuredRuns(): MeasuredRuns {
  return measuredSchema.parse(parse(readFileSync(infraPath('measured-runs.yaml'), 'utf8')))
}
