import { readFileSync } from 'node:fs'
import { makeBills } from '../../../tools/costs/bills.ts'
import { priced, runLines, sizeOf, total } from '../../../tools/costs/lines.ts'
import { costsPage } from '../../../tools/costs/page.ts'
import { readMeasuredRuns, readPriceList } from '../../../tools/costs/price-list.ts'

const list = readPriceList()
const measured = readMeasuredRuns()
const nothing = {
  requests: 0,
  busySeconds: 0,
  documentReads: 0,
  documentWrites: 0,
  documentDeletes: 0,
  classA: 0,
  classB: 0,
  tasks: 0,
}

test('docs/costs.md is what the prices and the measurements say', () => {
  const page = readFileSync(new URL('../../../docs/costs.md', import.meta.url), 'utf8')
  expect(page).toBe(costsPage(list, measured))
})

test('the page says that its prices are list prices to be checked, of which day and region', () => {
  const page = costsPage({ ...list, region: 'europe-west4', asOf: '2026-01-02' }, measured)
  expect(page).toContain('List prices to be checked, as of 2026-01-02, region europe-west4')
})

test('a run is billed by the size of the instance that did it, each request for a tenth of a second at least', () => {
  expect(sizeOf('model-sync')).toEqual({ cpus: 2, memoryGib: 1 })
  const services = { 'model-sync': { ...nothing, requests: 1_000_000, busySeconds: 1, documentReads: 200_000 } }
  const prices = {
    ...list.prices,
    'run-request': { ...list.prices['run-request'], usd: 3, per: 1_000_000 },
    'run-cpu': { ...list.prices['run-cpu'], usd: 0.001, per: 1 },
    'run-memory': { ...list.prices['run-memory'], usd: 0, per: 1 },
    'document-read': { ...list.prices['document-read'], usd: 5, per: 100_000 },
  }
  const lines = priced(runLines({ services, storedBytes: 0 }), { ...list, prices })
  expect(lines.map(({ price, quantity, usd }) => [price, quantity, usd])).toEqual([
    ['run-request', 1_000_000, 3],
    ['run-cpu', 200_000, 200],
    ['run-memory', 100_000, 0],
    ['document-read', 200_000, 10],
  ])
  expect(total(lines)).toBe(213)
})

test('a sync is billed at the assumed speed of its source, whatever was measured here', () => {
  const syncAt = (value: number) => {
    const assumptions = { ...list.assumptions, syncMegabytesPerSecond: { value, why: '' } }
    const [, sync] = makeBills({ ...list, assumptions }, measured).once
    return sync?.lines.find(({ price }) => price === 'run-cpu')
  }
  expect(syncAt(60)).toMatchObject({ quantity: expect.closeTo((2 * measured.syncBytes) / 60e6), basis: 'assumed' })
  expect(syncAt(30)?.quantity).toBeCloseTo(2 * (syncAt(60)?.quantity ?? 0))
})

test('a price that nobody publishes is left to the reader, and counted once it is known', () => {
  const image = (usd: number | null) => {
    const credit = { ...list.prices['clipdrop-credit'], usd }
    return costsPage({ ...list, prices: { ...list.prices, 'clipdrop-credit': credit } }, measured)
  }
  expect(image(null)).toMatch(/\| One showcase image \| \$[\d.]+ \| 2 credits \|/)
  expect(image(0.5)).toMatch(/\| One showcase image \| \$[\d.]+ \| \$1\.00 \|/)
})

test('every row says how its quantity is known', () => {
  const { once, monthly } = makeBills(list, measured)
  const bases = [...once, monthly].flatMap(({ lines }) => lines.map(({ basis }) => basis))
  expect(new Set(bases)).toEqual(new Set(['measured', 'assumed', 'measured and assumed', 'declared']))
})
