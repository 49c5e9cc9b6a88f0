/** One measurement beside its baseline, both taken in the same run. */
export interface BenchResult {
  name: string
  ours: number
  /** Null where what is kept is a limit and nothing is compared. */
  baseline: number | null
  baselineName: string
  unit: 'ms' | 'events/s' | 'calls/s' | 'MB/s' | 'MiB' | 's' | 'pictures'
  /** ours ÷ baseline. */
  ratio: number | null
  /** Measurements on each side; the figures are their medians. */
  runs: number
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  const middle = sorted.length / 2
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1)
  return (low + high) / 2
}

/** The result of two series that were measured in turn. */
export function compare(params: {
  name: string
  ours: readonly number[]
  baseline: readonly number[]
  baselineName: string
  unit: BenchResult['unit']
}): BenchResult {
  const ours = median(params.ours)
  const baseline = median(params.baseline)
  const { name, baselineName, unit } = params
  return { name, ours, baseline, baselineName, unit, ratio: ours / baseline, runs: params.ours.length }
}

/** One line of JSON, its members in one order and its numbers short enough to read. */
export function jsonLine({ name, ours, baseline, baselineName, unit, ratio, runs }: BenchResult): string {
  const ordered = { name, ours, baseline, baselineName, unit, ratio, runs }
  return JSON.stringify(ordered, (_key, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value))
}

/** The results as a table for people. */
export function table(results: readonly BenchResult[]): string {
  const rows = [
    ['name', 'ours', 'baseline', 'ratio', 'runs', 'beside'],
    ...results.map(({ name, ours, baseline, unit, ratio, runs, baselineName }) => [
      name,
      `${figure(ours)} ${unit}`,
      baseline === null ? '' : `${figure(baseline)} ${unit}`,
      ratio === null ? '' : ratio.toFixed(2),
      String(runs),
      baselineName,
    ]),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function figure(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)
}
