// npm run bench [-- cold|events|image|local|memory|photos|sync|webhook …] [--json] [--runs N]: paired measurements, see docs/benchmarks.md.
// For sync also [--only unlimited|capped|crowded|memory] [--size 256MiB].
import { parseArgs } from 'node:util'
import { parseByteSize } from '#local/byte-size.ts'
import { benchCold } from './cold/cold.ts'
import { benchEvents } from './events/events.ts'
import { benchImage } from './image/image.ts'
import { benchLocal } from './local/local.ts'
import { benchMemory } from './memory/memory.ts'
import { benchPhotos } from './photos/photos.ts'
import { jsonLine, table } from './result.ts'
import { benchSync } from './sync/sync.ts'
import { benchWebhook } from './webhook/webhook.ts'

const benches = {
  cold: benchCold,
  events: benchEvents,
  image: benchImage,
  local: benchLocal,
  memory: benchMemory,
  photos: benchPhotos,
  sync: benchSync,
  webhook: benchWebhook,
}

const usage = `usage: npm run bench [-- ${Object.keys(benches).join('|')} …] [--json] [--runs N] [--only PART] [--size SIZE]`

const { values, positionals } = readArguments()
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name))
const runs = values.runs === undefined ? null : Number(values.runs)
const sizeBytes = values.size === undefined ? null : parseByteSize(values.size)
const isUsable =
  (runs === null || (Number.isInteger(runs) && runs > 0)) && (sizeBytes !== null || values.size === undefined)
if (values.help || unknown.length > 0 || !isUsable) {
  if (values.help) console.log(usage)
  else console.error(usage)
  process.exit(values.help ? 0 : 2)
}

const wanted = Object.entries(benches).filter(([name]) => positionals.length === 0 || positionals.includes(name))
for (const [name, bench] of wanted) {
  // What is not a result goes to standard error, so that standard output can be read by a program.
  const results = await bench({
    runs,
    only: values.only ?? null,
    sizeBytes,
    note: (text) => console.error(`${name}: ${text}`),
  })
  if (values.json) for (const result of results) console.log(jsonLine(result))
  else console.log(`${table(results)}\n`)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        runs: { type: 'string' },
        only: { type: 'string' },
        size: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
      allowPositionals: true,
    })
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}
