import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as z from 'zod'
import { infraPath } from './project.ts'

const metricSchema = z.strictObject({
  name: z.string().regex(/^charaforge_[a-z_]+$/),
  says: z.string(),
  event: z.string().optional(),
  where: z.array(z.string()).default([]),
  value: z.strictObject({ field: z.string(), unit: z.enum(['ms', 's', '1']) }).optional(),
  labels: z.array(z.string()).default([]),
})

/** What is looked at: a metric of ours by its name, or one of Google's with its resource. */
const sourceFields = {
  metric: z.string(),
  resource: z.string().default('cloud_run_revision'),
  where: z.array(z.string()).default([]),
}
const by = z.array(z.string()).default([])
const threshold = z.strictObject({ above: z.number(), over: z.int().positive(), by })

const alertSchema = z
  .strictObject({
    name: z.string().startsWith('charaforge-'),
    severity: z.enum(['CRITICAL', 'ERROR', 'WARNING']),
    says: z.string(),
    do: z.string(),
    ...sourceFields,
    count: threshold.optional(),
    most: threshold.optional(),
  })
  .refine(({ count, most }) => (count === undefined) !== (most === undefined), 'either count or most')

const tileSchema = z.union([
  z.strictObject({ title: z.string(), promql: z.string() }),
  z.strictObject({ title: z.string(), ...sourceFields, of: z.enum(['count', 'p50', 'p95', 'p99', 'most']), by }),
])

const dashboardSchema = z.strictObject({ name: z.string(), tiles: z.array(tileSchema) })
const budgetSchema = z.strictObject({ name: z.string(), amount: z.string(), thresholds: z.array(z.number()) })

export type Metric = z.output<typeof metricSchema>
export type Alert = z.output<typeof alertSchema>
export type Tile = z.output<typeof tileSchema>
export type Source = Pick<Alert, 'metric' | 'resource' | 'where'>

export interface Monitoring {
  metrics: Metric[]
  alerts: Alert[]
  dashboard: z.output<typeof dashboardSchema>
  budget: z.output<typeof budgetSchema>
}

/** Reads and checks infra/monitoring. */
export function readMonitoring(): Monitoring {
  const read = (name: string): unknown => parse(readFileSync(infraPath(`monitoring/${name}.yaml`), 'utf8'))
  return {
    metrics: z.array(metricSchema).parse(read('metrics')),
    alerts: z.array(alertSchema).parse(read('alerts')),
    dashboard: dashboardSchema.parse(read('dashboard')),
    budget: budgetSchema.parse(read('budget')),
  }
}
