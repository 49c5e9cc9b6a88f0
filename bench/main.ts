// npm run bench [-- cold|events|image|memory …] [--json] [--runs N]: paired measurements, see docs/benchmarks.md.
import { parseArgs } from 'node:util'
import { benchCold } from './cold/cold.ts'
import { benchEvents } from './events/events.ts'
import { benchImage } from './image/image.ts'
import { benchMemory } from './memory/memory.ts'
import { jsonLine, table } from './result.ts'

const benches = { cold: benchCold, events: benchEvents, image: benchImage, memory: benchMemory }

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false }, runs: { type: 'string' } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !Object.hasOwn(benches, name))
const runs = values.runs === undefined ? null : Number(values.runs)
if (unknown.length > 0 || (runs !== null && !(Number.isInteger(runs) && runs > 0))) {
  console.error(`usage: npm run bench [-- ${Object.keys(benches).join('|')} …] [--json] [--runs N]`)
  process.exit(2)
}

const wanted = Object.entries(benches).filter(([name]) => positionals.length === 0 || positionals.includes(name))
for (const [name, bench] of wanted) {
  // What is not a result goes to standard error, so that standard output can be read by a program.
  const results = await bench({ runs, note: (text) => console.error(`${name}: ${text}`) })
  if (values.json) for (const result of results) console.log(jsonLine(result))
  else console.log(`${table(results)}\n`)
}
