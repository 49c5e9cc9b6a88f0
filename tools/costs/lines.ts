import { z } from 'zod'
import { readService } from '../infra/render-service.ts'
import type { MeasuredRun, PriceList, PriceName } from './price-list.ts'

/** How a quantity is known. */
export type Basis = 'measured' | 'assumed' | 'measured and assumed' | 'declared'

/** One row of a bill. */
export interface Line {
  price: PriceName
  quantity: number
  basis: Basis
  /** What the quantity is made of, where the name does not say it. */
  note?: string
}

export interface PricedLine extends Line {
  name: string
  unit: string
  /** Null where the price is not known. */
  usd: number | null
}

/** Rows with what each costs. Those of nothing are left out. */
export function priced(lines: readonly Line[], list: PriceList): PricedLine[] {
  return lines
    .filter(({ quantity }) => quantity > 0)
    .map((line) => {
      const { name, usd, per, unit } = list.prices[line.price]
      return { ...line, name, unit, usd: usd === null ? null : (line.quantity * usd) / per }
    })
}

/** Cloud Run rounds up. https://cloud.google.com/run/pricing */
const SMALLEST_SECONDS = 0.1

/** What is known of it. */
export function total(lines: readonly PricedLine[]): number {
  return lines.reduce((sum, { usd }) => sum + (usd ?? 0), 0)
}

/** What Google bills for a run: `extraSeconds` are those that no stand-in takes, by service. */
export function runLines(run: MeasuredRun, extraSeconds: Readonly<Record<string, number>> = {}): Line[] {
  const services = Object.entries(run.services)
  const sum = (count: (one: MeasuredRun['services'][string]) => number) =>
    services.reduce((all, [, quantities]) => all + count(quantities), 0)
  const seconds = services.map(([name, { busySeconds, requests }]) => ({
    size: sizeOf(name),
    seconds: Math.max(busySeconds, requests * SMALLEST_SECONDS) + (extraSeconds[name] ?? 0),
  }))
  const basis: Basis = Object.keys(extraSeconds).length > 0 ? 'measured and assumed' : 'measured'
  return [
    { price: 'run-request', quantity: sum(({ requests }) => requests), basis: 'measured' },
    { price: 'run-cpu', quantity: seconds.reduce((all, one) => all + one.seconds * one.size.cpus, 0), basis },
    { price: 'run-memory', quantity: seconds.reduce((all, one) => all + one.seconds * one.size.memoryGib, 0), basis },
    { price: 'document-read', quantity: sum(({ documentReads }) => documentReads), basis: 'measured' },
    { price: 'document-write', quantity: sum(({ documentWrites }) => documentWrites), basis: 'measured' },
    { price: 'document-delete', quantity: sum(({ documentDeletes }) => documentDeletes), basis: 'measured' },
    { price: 'storage-class-a', quantity: sum(({ classA }) => classA), basis: 'measured' },
    { price: 'storage-class-b', quantity: sum(({ classB }) => classB), basis: 'measured' },
    { price: 'task', quantity: sum(({ tasks }) => tasks), basis: 'measured' },
  ]
}

const limitsSchema = z.looseObject({
  resources: z.object({ limits: z.object({ cpu: z.string(), memory: z.string() }) }),
})

/** What an instance of a service is given, by its own container in infra/services. */
export function sizeOf(service: string): { cpus: number; memoryGib: number } {
  const container = readService(service).spec.template.spec.containers.find(({ name }) => name === service)
  const { cpu, memory } = limitsSchema.parse(container).resources.limits
  const [, amount = '', unit] = /^(\d+)(Gi|Mi)$/.exec(memory) ?? []
  return { cpus: Number(cpu), memoryGib: Number(amount) / (unit === 'Mi' ? 1024 : 1) }
}
