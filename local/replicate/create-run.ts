import type { IncomingHttpHeaders } from 'node:http'
import sharp from 'sharp'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Account } from './account.ts'
import type { ReplicateFault } from './faults.ts'
import type { FileStore } from './files.ts'
import { cancelAfterMs, heldSeconds } from './headers.ts'
import { checkInput, type InputSchema } from './input-schema.ts'
import { findModel } from './models.ts'
import { Refusal } from './refusal.ts'
import { type Run, type RunTimes, startRun } from './runs.ts'
import type { ReplicateRequest } from './server.ts'

export interface RunContext {
  clock: Clock
  times: RunTimes
  stopped: AbortSignal
  account: Account
  uploads: FileStore
  outputs: FileStore
  runs: Map<string, Run>
  origin(): string
}

const creation = z.strictObject({
  version: z.string(),
  input: z.record(z.string(), z.unknown()),
  webhook: z.url({ protocol: /^https$/ }).optional(),
  webhook_events_filter: z.array(z.enum(['start', 'output', 'logs', 'completed'])).optional(),
})

/** Checks a creation, starts its run and holds the call as asked. Throws `Refusal`. */
export async function createRun(
  context: RunContext,
  request: { body: Buffer; headers: IncomingHttpHeaders; fault: ReplicateFault | null; seen: ReplicateRequest },
): Promise<{ run: Run; isHeld: boolean }> {
  const { clock } = context
  const { headers, fault, seen } = request
  const asked = creation.safeParse(parseJson(request.body))
  if (!asked.success) throw new Refusal(422, z.prettifyError(asked.error), { title: 'Input validation failed' })
  const found = findModel(asked.data.version)
  if (found === null) {
    throw new Refusal(422, "The specified version does not exist (or perhaps you don't have permission to use it?)", {
      title: 'Invalid version or not permitted',
    })
  }
  const { model, version } = found
  const input = checkInput(model.schema, asked.data.input)
  const waitSeconds = heldSeconds(one(headers.prefer))
  const deadlineMs = cancelAfterMs(one(headers['cancel-after']))
  context.account.startRun()

  const field = pictureField(model.schema)
  const { [field]: url, ...rest } = input
  const isInline = String(url).startsWith('data:')
  Object.assign(seen, { model: model.name, input: rest, staged: isInline ? 'inline' : 'file', charged: true })
  const run = startRun({
    ...context,
    model,
    version,
    input: asked.data.input,
    fault,
    cancelAfterMs: deadlineMs,
    async work() {
      const bytes = await readPicture(context, String(url))
      seen.picture = await describe(bytes)
      const { bytes: made, ...rest } = await model.run(bytes, input)
      const file = context.outputs.add({ bytes: made, ...rest })
      const location = `${context.origin()}/delivery/${file.id}/${file.name}`
      return model.output === 'array' ? [location] : location
    },
  })
  context.runs.set(run.id, run)
  seen.runId = run.id
  if (waitSeconds !== null) {
    await Promise.race([run.over, clock.waitUntil(clock.after(waitSeconds * 1000), context.stopped).catch(() => {})])
  }
  return { run, isHeld: waitSeconds !== null }
}

function pictureField(schema: InputSchema): string {
  return Object.keys(schema).find((name) => schema[name]?.kind === 'picture') ?? ''
}

/** As the model's machine would fetch it; of the web it knows only the account's own files. */
async function readPicture(context: RunContext, url: string): Promise<Buffer> {
  if (url.startsWith('data:')) return Buffer.from(await (await fetch(url)).arrayBuffer())
  const id = url.startsWith(`${context.origin()}/v1/files/`) ? (url.split('/').at(-1) ?? '') : ''
  const file = context.uploads.read(id)
  if (file === null) throw new Error(`Failed to download ${url.slice(0, 100)}: 404 Not Found`)
  return file.bytes
}

async function describe(bytes: Buffer): Promise<ReplicateRequest['picture']> {
  const { format, width, height, hasAlpha } = await sharp(bytes).metadata()
  return { contentType: `image/${format}`, width, height, hasAlpha, sizeBytes: bytes.byteLength }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Refusal(400, 'The request body is not JSON')
  }
}
