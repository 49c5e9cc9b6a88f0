// node tools/monitoring.ts <folder>: writes what infra/monitoring declares as files for gcloud:
//   metrics/NAME.json   gcloud logging metrics create NAME --config-from-file=
//   alerts/NAME.json    gcloud monitoring policies create --policy-from-file=
//   dashboard.json      gcloud monitoring dashboards create --config-from-file=
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMonitoring } from './infra/monitoring.ts'
import { alertPolicy, dashboardOf, logMetric } from './infra/render-monitoring.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Name the folder that the files go to.')
  process.exit(2)
}
const monitoring = readMonitoring()
for (const part of ['metrics', 'alerts']) mkdirSync(join(folder, part), { recursive: true })
const write = (path: string, value: unknown): void =>
  writeFileSync(join(folder, `${path}.json`), `${JSON.stringify(value, null, 2)}\n`)
for (const metric of monitoring.metrics) write(`metrics/${metric.name}`, logMetric(metric))
for (const alert of monitoring.alerts) write(`alerts/${alert.name}`, alertPolicy(alert))
write('dashboard', dashboardOf(monitoring))
