// node tools/infra.ts <what>: prints what infra/ declares, one line each with tabs between, settings filled in from the
// environment; for the scripts of deploy/.
//   apis | services | accounts | buckets | secrets | queues | schedules | triggers | grants | indexes | unindexed | ttls |
//   metrics | alerts | dashboard | budget
//   subscription | repository      (one line a field)
//   all <folder>       each of these as a file, lifecycles and what monitoring is made of as gcloud takes them; fails where
//                      SETTINGS, the names in the settings file, has one that does nothing
//   deployment <folder>  the Cloud Run services to deploy, <name>.yaml each, and their fingerprints as `prints`
//                      (IMAGES="name=image@digest …", KEEP_TRAFFIC="name=revision …", NOT_STARTED="name=revision …",
//                      SECRET_VERSIONS="name=3 …", PROJECT_NUMBER)
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { canonicalJson, fingerprint } from './infra/fingerprint.ts'
import { readFirestore } from './infra/firestore.ts'
import { readMonitoring } from './infra/monitoring.ts'
import { fill, grantsOf, infraPath, readProject } from './infra/project.ts'
import { type Rendered, renderAlert, renderDashboard, renderMetric } from './infra/render-monitoring.ts'
import { renderService } from './infra/render-service.ts'
import { serviceUrls } from './infra/service-urls.ts'
import { settingProblems } from './infra/settings.ts'

const project = readProject()
const monitoring = readMonitoring()
const [what = '', name = ''] = process.argv.slice(2)

const sections: Readonly<Record<string, () => readonly (readonly (string | number)[])[]>> = {
  apis: () => project.apis.map((api) => [api]),
  services: () => project.services.map((service) => [service]),
  accounts: () => project.accounts.map((account) => [account.id, account.name]),
  buckets: () => project.buckets.map((bucket) => [bucket.name, bucket.location, basename(bucket.lifecycle, '.json')]),
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
  unindexed: () => readFirestore().unindexed.map((one) => [one.collection, one.field]),
  metrics: () => monitoring.metrics.map((metric) => [metric.name, renderMetric(metric).print]),
  alerts: () => monitoring.alerts.map((alert) => [alert.name, renderAlert(alert).print]),
  dashboard: () => [[monitoring.dashboard.name, renderDashboard(monitoring).print]],
  budget: () => [[monitoring.budget.name, ...monitoring.budget.thresholds]],
  subscription: () => Object.entries(project.subscriptions),
  repository: () => {
    const cleanup = infraPath(project.repository.cleanup)
    return Object.entries({ ...project.repository, cleanup, print: fingerprint(readJson(cleanup)) })
  },
}

if (what === 'deployment') {
  writeDeployment(name)
} else if (what === 'all') {
  const problems = settingProblems((process.env.SETTINGS ?? '').split(' ').filter(Boolean), project)
  if (problems.length > 0) {
    console.error(problems.join('\n'))
    process.exit(1)
  }
  for (const section of Object.keys(sections)) writeFileSync(join(name, section), linesOf(section))
  writeLifecycles(join(name, 'lifecycle'))
  writeMonitoring(join(name, 'monitoring'))
} else {
  if (sections[what] === undefined) {
    const known = `all FOLDER, deployment FOLDER, ${Object.keys(sections).join(', ')}`
    const asksForHelp = ['', '--help', '-h'].includes(what)
    if (asksForHelp)
      console.log(`usage: npm run infra -- WHAT\n\nPrints what infra/ declares. WHAT is one of: ${known}.`)
    else console.error(`There is no ${what}; there are: ${known}.`)
    process.exit(asksForHelp ? 0 : 2)
  }
  process.stdout.write(linesOf(what))
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** `name=value other=value` of a variable. */
function pairs(variable: string): Record<string, string> {
  const words = (process.env[variable] ?? '').split(' ').filter((pair) => pair.includes('='))
  return Object.fromEntries(words.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}

function writeDeployment(folder: string): void {
  const revisions = pairs('KEEP_TRAFFIC')
  const notStarted = pairs('NOT_STARTED')
  const secretVersions = pairs('SECRET_VERSIONS')
  const prints = Object.entries(pairs('IMAGES')).map(([service, image]) => {
    const settings = { ...process.env, ...serviceUrls(service, process.env), IMAGE: image }
    const { text, print } = renderService(service, {
      settings,
      secretVersions,
      keepTrafficOn: revisions[service] || null,
      notStarted: notStarted[service] || null,
    })
    writeFileSync(join(folder, `${service}.yaml`), text)
    return `${service}|${print}\n`
  })
  writeFileSync(join(folder, 'prints'), prints.join(''))
}

/** Lifecycle rules, as gcloud prints them too once the blanks are taken out. */
function writeLifecycles(folder: string): void {
  mkdirSync(folder)
  for (const { lifecycle } of project.buckets) {
    writeFileSync(join(folder, basename(lifecycle)), canonicalJson(readJson(infraPath(lifecycle))))
  }
}

/** Metrics, alerts and the dashboard as files, as gcloud takes them. */
function writeMonitoring(folder: string): void {
  mkdirSync(folder)
  const write = (file: string, { content }: Rendered) =>
    writeFileSync(join(folder, file), JSON.stringify(content, null, 2))
  for (const metric of monitoring.metrics) write(`${metric.name}.json`, renderMetric(metric))
  for (const alert of monitoring.alerts) write(`${alert.name}.json`, renderAlert(alert))
  write('dashboard.json', renderDashboard(monitoring))
}

function linesOf(section: string): string {
  const rows = sections[section]?.() ?? []
  return rows.map((row) => `${fill(row.join('\t'), process.env)}\n`).join('')
}
