import { fingerprint } from './fingerprint.ts'
import type { Alert, Metric, Monitoring, Source, Tile } from './monitoring.ts'

const LABELS = { app: 'charaforge-backend' }
const MINUTE = '60s'

/** What gcloud is given, and the fingerprint that it carries: by it a later run sees whether the declaration has changed. */
export interface Rendered {
  content: Record<string, unknown>
  print: string
}

/** A metric, its fingerprint at the end of the description. */
export function renderMetric(metric: Metric): Rendered {
  const content = logMetric(metric)
  const print = fingerprint(content)
  return { content: { ...content, description: `${metric.says} [${print}]` }, print }
}

/** An alert policy, its fingerprint as a label. */
export function renderAlert(alert: Alert): Rendered {
  const content = alertPolicy(alert)
  const print = fingerprint(content)
  return { content: { ...content, userLabels: { ...LABELS, declared: print } }, print }
}

/** The dashboard, its fingerprint as a label's name: labels of dashboards are names without values. */
export function renderDashboard(monitoring: Pick<Monitoring, 'dashboard'>): Rendered {
  const content = dashboardOf(monitoring)
  const print = fingerprint(content)
  return { content: { ...content, labels: { 'charaforge-backend': '', [`declared-${print}`]: '' } }, print }
}

/** A `LogMetric` of Cloud Logging, as `gcloud logging metrics create --config-from-file` takes it. */
export function logMetric(metric: Metric): Record<string, unknown> {
  const { event, where, value, labels } = metric
  const conditions = [
    'resource.type="cloud_run_revision"',
    ...(event === undefined ? [] : [`jsonPayload.event="${event}"`]),
    ...where.map((condition) => `jsonPayload.${condition}`),
  ]
  return {
    name: metric.name,
    description: metric.says,
    filter: conditions.join(' AND '),
    metricDescriptor: {
      metricKind: 'DELTA',
      valueType: value ? 'DISTRIBUTION' : 'INT64',
      unit: value?.unit ?? '1',
      labels: labels.map((key) => ({ key, valueType: 'STRING' })),
    },
    labelExtractors: Object.fromEntries(labels.map((label) => [label, `EXTRACT(jsonPayload.${label})`])),
    ...(value
      ? {
          valueExtractor: `EXTRACT(jsonPayload.${value.field})`,
          // From one to about 10⁸: milliseconds of a day, and seconds, fit in steps of a third.
          bucketOptions: { exponentialBuckets: { numFiniteBuckets: 64, growthFactor: 1.333, scale: 1 } },
        }
      : {}),
  }
}

/** An `AlertPolicy`, as `gcloud alpha monitoring policies create --policy-from-file` takes it. */
export function alertPolicy(alert: Alert): Record<string, unknown> {
  const rule = alert.count ?? alert.most
  if (rule === undefined) throw new Error(`${alert.name} has no rule.`)
  const aggregation = aggregationOf(alert.count ? 'count' : 'most', { period: `${rule.over * 60}s`, by: rule.by })
  return {
    displayName: alert.name,
    severity: alert.severity,
    combiner: 'OR',
    userLabels: LABELS,
    documentation: { mimeType: 'text/markdown', content: `${alert.says}\n\n${alert.do}` },
    conditions: [
      {
        displayName: alert.says,
        conditionThreshold: {
          filter: filterOf(alert),
          comparison: 'COMPARISON_GT',
          thresholdValue: rule.above,
          duration: '0s',
          aggregations: [aggregation],
          trigger: { count: 1 },
        },
      },
    ],
    alertStrategy: { autoClose: '86400s' },
  }
}

/** A `Dashboard`, as `gcloud monitoring dashboards create --config-from-file` takes it. */
export function dashboardOf({ dashboard }: Pick<Monitoring, 'dashboard'>): Record<string, unknown> {
  const width = 16
  const height = 14
  return {
    displayName: dashboard.name,
    labels: { 'charaforge-backend': '' },
    mosaicLayout: {
      columns: 3 * width,
      tiles: dashboard.tiles.map((tile, index) => ({
        xPos: (index % 3) * width,
        yPos: Math.floor(index / 3) * height,
        width,
        height,
        widget: { title: tile.title, xyChart: { dataSets: [{ plotType: 'LINE', timeSeriesQuery: query(tile) }] } },
      })),
    },
  }
}

function query(tile: Tile): Record<string, unknown> {
  if ('promql' in tile) return { prometheusQuery: tile.promql }
  const aggregation = aggregationOf(tile.of, { period: MINUTE, by: tile.by })
  return { timeSeriesFilter: { filter: filterOf(tile), aggregation } }
}

/** The filter of what is looked at. */
export function filterOf({ metric, resource, where }: Source): string {
  const type = metric.includes('/') ? metric : `logging.googleapis.com/user/${metric}`
  return [`metric.type="${type}"`, `resource.type="${resource}"`, ...where].join(' AND ')
}

type Aggregation = Record<string, unknown>

function aggregationOf(
  of: 'count' | 'most' | 'p50' | 'p95' | 'p99',
  rest: { period: string; by: string[] },
): Aggregation {
  const { period: alignmentPeriod, by } = rest
  const how = {
    count: { perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_SUM' },
    most: { perSeriesAligner: 'ALIGN_MAX', crossSeriesReducer: 'REDUCE_MAX' },
    p50: { perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_PERCENTILE_50' },
    p95: { perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_PERCENTILE_95' },
    p99: { perSeriesAligner: 'ALIGN_DELTA', crossSeriesReducer: 'REDUCE_PERCENTILE_99' },
  }[of]
  return { alignmentPeriod, ...how, ...(by.length > 0 ? { groupByFields: by } : {}) }
}
