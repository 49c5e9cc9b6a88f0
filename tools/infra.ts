// node tools/infra.ts <what>: prints what infra/ declares, one line each with tabs between, settings filled in from the
// environment; for the scripts of deploy/.
//   apis | services | accounts | buckets | secrets | queues | schedules | triggers | grants | indexes | ttls | metrics |
//   alerts | dashboard | budget
//   subscription | repository      (one line a field)
//   all <folder>     each of these as a file, and metrics, alerts and dashboard as gcloud takes them in monitoring/
//   service <name>   the Cloud Run service to deploy (SECRET_VERSIONS="name=3 other=1", KEEP_TRAFFIC_ON=revision)
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFirestore } from './infra/firestore.ts'
import { readMonitoring } from './infra/monitoring.ts'
import { fill, grantsOf, infraPath, readProject } from './infra/project.ts'
import { alertPolicy, dashboardOf, logMetric } from './infra/render-monitoring.ts'
import { renderService } from './infra/render-service.ts'

const project = readProject()
const monitoring = readMonitoring()
const [what = '', name = ''] = process.argv.slice(2)

const sections: Readonly<Record<string, () => readonly (readonly (string | number)[])[]>> = {
  apis: () => project.apis.map((api) => [api]),
  services: () => project.services.map((service) => [service]),
  accounts: () => project.accounts.map((account) => [account.id, account.name]),
  buckets: () => project.buckets.map((bucket) => [bucket.name, bucket.location, infraPath(bucket.lifecycle)]),
  secrets: () => project.secrets.map((secret) => [secret.name, secret.variable, secret.as, secret.services.join(',')]),
  queues: () => project.queues.map((queue) => [queue.name, queue.dispatchesPerSecond, queue.concurrent]),
  schedules: () => project.schedules.map((schedule) => [schedule.name, schedule.cron, schedule.service]),
  triggers: () =>
    project.triggers.map((trigger) => [
      trigger.name,
      trigger.service,
      trigger.path,
      trigger.account,
      trigger.location,
      trigger.filters.join(' '),
      trigger.pathPatterns.join(' ') || '-',
      trigger.contentType ?? '-',
    ]),
  grants: () => grantsOf(project).map((grant) => [grant.member, grant.role, grant.on]),
  indexes: () => readFirestore().indexes.map((index) => [index.collection, index.fields.join(' ')]),
  ttls: () => readFirestore().ttls.map((ttl) => [ttl.collection, ttl.field]),
  metrics: () => monitoring.metrics.map((metric) => [metric.name]),
  alerts: () => monitoring.alerts.map((alert) => [alert.name]),
  dashboard: () => [[monitoring.dashboard.name]],
  budget: () => [[monitoring.budget.name, ...monitoring.budget.thresholds]],
  subscription: () => Object.entries(project.subscriptions),
  repository: () => Object.entries({ ...project.repository, cleanup: infraPath(project.repository.cleanup) }),
}

if (what === 'service') {
  const versions = (process.env.SECRET_VERSIONS ?? '').split(' ').filter((pair) => pair !== '')
  const secretVersions = Object.fromEntries(versions.map((pair) => pair.split('=') as [string, string]))
  process.stdout.write(
    renderService(name, { settings: process.env, secretVersions, keepTrafficOn: process.env.KEEP_TRAFFIC_ON || null }),
  )
} else if (what === 'all') {
  for (const section of Object.keys(sections)) writeFileSync(join(name, section), linesOf(section))
  writeMonitoring(join(name, 'monitoring'))
} else {
  if (sections[what] === undefined) {
    console.error(`There is no ${what}; there are: all, service, ${Object.keys(sections).join(', ')}.`)
    process.exit(2)
  }
  process.stdout.write(linesOf(what))
}

/** Metrics, alerts and the dashboard as files, as gcloud takes them. */
function writeMonitoring(folder: string): void {
  mkdirSync(folder)
  const write = (file: string, value: unknown) => writeFileSync(join(folder, file), JSON.stringify(value, null, 2))
  for (const metric of monitoring.metrics) write(`${metric.name}.json`, logMetric(metric))
  for (const alert of monitoring.alerts) write(`${alert.name}.json`, alertPolicy(alert))
  write('dashboard.json', dashboardOf(monitoring))
}

function linesOf(section: string): string {
  const rows = sections[section]?.() ?? []
  return rows.map((row) => `${fill(row.join('\t'), process.env)}\n`).join('')
}
