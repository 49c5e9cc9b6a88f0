import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { Timestamp } from '@google-cloud/firestore'
import { logJobEnd, logStep } from '#shared/jobs/job-log.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { endedRecord, newRecord } from '#shared/jobs/job-states.ts'
import { createApp } from '#shared/server/create-app.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import { webhookRoutes } from '../../../services/replicate-webhook/deliveries/webhook-routes.ts'
import { logGeneration } from '../../../services/replicate-webhook/generation/generation-log.ts'
import { type Metric, readMonitoring } from '../../../tools/infra/monitoring.ts'
import { readProject } from '../../../tools/infra/project.ts'
import { alertPolicy, dashboardOf, filterOf, logMetric } from '../../../tools/infra/render-monitoring.ts'
import { captureLog } from '../../support/captured-log.ts'
import { newGeneration, newTraining } from '../../support/trainings.ts'

const monitoring = readMonitoring()
const { metrics, alerts, dashboard } = monitoring
const tiles = dashboard.tiles.flatMap((tile) => ('promql' in tile ? [] : tile))

/** One line of each event, by the code that writes it. */
async function sampleLines(): Promise<Record<string, unknown>[]> {
  const { logger, entries } = captureLog()
  const jobLogger = logger.child({ kind: 'image' })
  const at = Timestamp.fromMillis(1_000)
  const job: JobRecord = {
    ...newRecord({ kind: 'image', subject: 'characters/1', input: {}, key: 'image:1', now: at, deadlineMs: 1000 }),
    credits: { clipdrop: 1, replicate: 2.5 },
    lostCalls: { upscale: { clipdrop: 1 } },
  }
  const failure = { code: 'clipdrop.no-credits', message: 'No credits.', at }
  logJobEnd(jobLogger, endedRecord(job, { state: 'failed', failure, now: Timestamp.fromMillis(5_000) }))
  logStep(jobLogger, { step: 'upscale', durationMs: 1200 })
  const stage = { stage: 'training', status: 'done', durationMs: 60_000, predictSeconds: 1675 } as const
  logTrainingStage(logger, { training: newTraining('training-1'), ...stage })
  const generation = { ...newGeneration('generation-1'), createdAt: at }
  const image = { kind: 'made', predictSeconds: 4, image: {} } as never
  const missing = { kind: 'failed', code: 'generation.nsfw', message: 'Unsafe.' } as const
  logGeneration(logger, { generation, outcomes: [image, missing], endedAt: new Date(9_000) })
  await takeWebhook(logger)
  return entries
}

/** A webhook of a run that has ended. */
async function takeWebhook(logger: ReturnType<typeof captureLog>['logger']): Promise<void> {
  const app = createApp({
    logger,
    projectId: 'demo',
    routes: (routes) =>
      webhookRoutes(routes, {
        verifier: { verify: async () => ({ isValid: true, webhookId: 'msg_1', sentAt: new Date(0) }) },
        loadJobs: async () => ({ take: async () => ({ news: true, followUp: 'owner woken' }) }),
      }),
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/replicate/training-1?kind=training`
  const body = JSON.stringify({ id: 'run1', status: 'succeeded', completed_at: '2026-05-01T12:00:00Z' })
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  expect(answer.status).toBe(200)
}

/** A field of a line by its path. */
function fieldOf(line: Record<string, unknown>, path: string): unknown {
  let value: unknown = line
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part]
  return value
}

/** Whether a line meets a condition like `lostCalls>0`. */
function meets(line: Record<string, unknown>, condition: string): boolean {
  const [, path = '', operator, wanted = ''] = /^([\w.]+)(=~|>=|>)(.+)$/.exec(condition) ?? []
  const value = fieldOf(line, path)
  if (operator === '=~') return typeof value === 'string' && new RegExp(wanted.replaceAll('"', '')).test(value)
  if (typeof value !== 'number') return false
  return operator === '>' ? value > Number(wanted) : value >= Number(wanted)
}

let lines: Record<string, unknown>[]
beforeAll(async () => {
  lines = await sampleLines()
})

test.each(metrics)('$name is made of a line that the code writes, with every field of it', (metric: Metric) => {
  const line = lines.find(
    (one) =>
      (metric.event === undefined || one.event === metric.event) &&
      metric.where.every((condition) => meets(one, condition)),
  )
  expect(line).toBeDefined()
  for (const label of metric.labels) expect([label, typeof fieldOf(line ?? {}, label)]).toEqual([label, 'string'])
  if (metric.value) expect(fieldOf(line ?? {}, metric.value.field)).toEqual(expect.any(Number))
})

test('a metric is described as Cloud Logging wants it', () => {
  const [ended, took] = ['charaforge_jobs_ended', 'charaforge_job_ms'].map((name) =>
    logMetric(metrics.find((one) => one.name === name) as Metric),
  )
  expect(ended).toMatchObject({
    filter: 'resource.type="cloud_run_revision" AND jsonPayload.event="job-ended"',
    labelExtractors: { kind: 'EXTRACT(jsonPayload.kind)' },
    metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64' },
  })
  expect(ended).not.toHaveProperty('valueExtractor')
  expect(took).toMatchObject({
    valueExtractor: 'EXTRACT(jsonPayload.durationMs)',
    metricDescriptor: { valueType: 'DISTRIBUTION', unit: 'ms' },
  })
})

test.each([...alerts.map((one) => ({ title: one.name, ...one })), ...tiles])(
  '“$title” looks at a metric that there is, by labels that it has',
  (looker) => {
    const { metric, where } = looker
    const by = 'of' in looker ? looker.by : (looker.count ?? looker.most)?.by
    const own = metrics.find(({ name }) => name === metric)
    if (own === undefined) {
      expect(metric).toMatch(/^[a-z]+\.googleapis\.com\//)
      return
    }
    const used = [...where, ...(by ?? [])].flatMap((text) => /metric\.label\.(\w+)/.exec(text)?.[1] ?? [])
    expect(own.labels).toEqual(expect.arrayContaining(used))
    // Lines of a counter are counted, values of a distribution have percentiles.
    const isCounted = 'of' in looker ? looker.of === 'count' : looker.count !== undefined
    expect(isCounted).toBe(own.value === undefined)
  },
)

test('PromQL of the dashboard names distributions that there are', () => {
  const text = dashboard.tiles.flatMap((tile) => ('promql' in tile ? tile.promql : [])).join(' ')
  const named = [...text.matchAll(/:user_(charaforge_\w+?)_sum\{/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(0)
  for (const name of named) expect(metrics.find((one) => one.name === name)?.value).toBeDefined()
})

test('every metric is looked at by somebody', () => {
  const text = JSON.stringify([alerts.map((one) => alertPolicy(one)), dashboardOf(monitoring)])
  expect(metrics.map(({ name }) => name).filter((name) => !text.includes(name))).toEqual([])
})

test('what is watched by name is what the project declares', () => {
  const { subscriptions, services } = readProject()
  const text = [...alerts, ...tiles].map((one) => filterOf(one)).join(' ')
  expect(text).toContain(`resource.label.subscription_id="${subscriptions.deadLetterSubscription}"`)
  for (const [, name = ''] of text.matchAll(/service_name="([^"]+)"/g)) expect(services).toContain(name)
})

test('the runbook has a line for every alert', () => {
  const lost = alerts.filter(({ name }) => !page('runbook').includes(`\n| \`${name}\` |`))
  expect(lost.map(({ name }) => name)).toEqual([])
})

test('commands of forge that the runbook and the alerts name are there', () => {
  const told = [page('runbook'), ...alerts.map((one) => one.do)].join('\n')
  const named = [...told.matchAll(/(?:`forge|forge --) ([a-z][a-z-]*(?: [a-z]{2}[a-z-]*)?)/g)].map(
    ([, name = '']) => name,
  )
  expect(named.length).toBeGreaterThan(15)
  const known = new Set([...page('cli').matchAll(/^###? ([a-z][a-z -]*)$/gm)].map(([, name]) => name))
  const isThere = (name: string) => {
    const [group = ''] = name.split(' ')
    const hasMore = [...known].some((one) => one?.startsWith(`${group} `))
    return known.has(name) || (known.has(group) && !hasMore)
  }
  expect(named.filter((name) => !isThere(name))).toEqual([])
  expect(isThere('jobs mend')).toBe(false)
})

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')
}

test('an alert says what has happened and what to do', () => {
  const policies = alerts.map((one) => alertPolicy(one))
  expect(new Set(policies.map(({ displayName }) => displayName)).size).toBe(alerts.length)
  expect(policies[0]).toMatchObject({
    displayName: 'charaforge-dead-letters',
    severity: 'CRITICAL',
    documentation: { content: expect.stringContaining('forge dead-letters') },
    conditions: [{ conditionThreshold: { thresholdValue: 0, comparison: 'COMPARISON_GT' } }],
  })
})
