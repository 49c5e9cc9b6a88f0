import { untilInterrupted } from './interrupt.ts'
import { Output } from './output.ts'
import { runForge } from './run-forge.ts'

const args = process.argv.slice(2)
const { stdout, stderr, env } = process
for (const stream of [stdout, stderr]) {
  // `forge … | head` closes the pipe early; that is no failure.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}
const output = new Output({ stdout, stderr, env, json: args.includes('--json') })
process.exitCode = await runForge(args, { output, signal: untilInterrupted() })
