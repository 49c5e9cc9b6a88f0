// npm run costs:measure [-- --sync-bytes N]: runs an image, a sync, a training and the reconcilers in a local cloud, counts
// what each asks of Google, and writes infra/measured-runs.yaml. Needs twice N of disk (6 GB), and a minute or two.
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { measureRuns } from '#local/recording/measure-runs.ts'
import { infraPath } from './infra/project.ts'

const { values } = parseArgs({ options: { 'sync-bytes': { type: 'string', default: '6000000000' } } })
const syncBytes = Number(values['sync-bytes'])
const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Error('Stopped.')))

const { syncSeconds, ...runs } = await measureRuns({ syncBytes, signal: stop.signal, say: (line) => console.log(line) })
const measured = {
  measuredOn: new Date().toISOString().slice(0, 10),
  machine: `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown kind'}, Node ${process.versions.node}`,
  syncBytes,
  syncSeconds: toTenths(syncSeconds),
  runs: JSON.parse(JSON.stringify(runs), (name, value) => (name === 'busySeconds' ? toTenths(value) : value)),
}
const head =
  '# Made by `npm run costs:measure`; docs/costs.md is computed from it. Seconds are this machine’s, with stand-ins.\n'
writeFileSync(infraPath('measured-runs.yaml'), head + stringify(measured))
console.log('infra/measured-runs.yaml is written; npm run docs:costs makes the page of it.')

function toTenths(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
