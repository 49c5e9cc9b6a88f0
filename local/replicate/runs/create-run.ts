import type { IncomingHttpHeaders } from 'node:http'
import sharp from 'sharp'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Account } from '../account.ts'
import type { ReplicateFault } from '../faults.ts'
import type { FileStore } from '../files.ts'
import { checkInput, type InputSchema } from '../models/input-schema.ts'
import { findModel } from '../models/models.ts'
import type { OwnModels } from '../models/own-models.ts'
import { parseBody, Refusal } from '../refusal.ts'
import type { ReplicateRequest } from '../seen-request.ts'
import { cancelAfterMs, heldSeconds } from './headers.ts'
import type { Ending, PastRun, RunBook } from './run-book.ts'
import { type Run, type RunTimes, startRun } from './runs.ts'
import { type WebhookEvent, webhookFields, webhookOrder } from './webhook-order.ts'

export interface RunContext {
  clock: Clock
  times: RunTimes
  trainingTimes: RunTimes
  stopped: AbortSignal
  account: Account
  ownModels: OwnModels
  uploads: FileStore
  outputs: FileStore
  runs: Map<string, Run>
  /** Those that outlive the stand-in. */
  book: RunBook
  /** Whether reading and listing a run shows where its webhooks go, which is not written (contract §3, §5). */
  showsWebhooks: boolean
  /** The account's, as of now. */
  webhookSecret(): string
  notify(run: Run, event: WebhookEvent): void
  onEnd(run: Run, ending: Ending): void
  origin(): string
}

const creation = z.strictObject({
  version: z.string(),
  input: z.record(z.string(), z.unknown()),
  ...webhookFields,
})

/** Checks a creation, starts its run and holds the call as asked. Throws `Refusal`. */
export async function createRun(
  context: RunContext,
  request: {
    body: Buffer
    headers: IncomingHttpHeaders
    fault: ReplicateFault | null
    seen: ReplicateRequest
    past?: PastRun
  },
): Promise<{ run: Run; isHeld: boolean }> {
  const { clock } = context
  const { headers, fault, seen, past } = request
  const asked = parseBody(request.body, creation)
  const found = findModel(asked.version) ?? context.ownModels.findTrained(asked.version)
  if (found === null) {
    throw new Refusal(422, "The specified version does not exist (or perhaps you don't have permission to use it?)", {
      title: 'Invalid version or not permitted',
    })
  }
  const { model, version } = found
  const input = checkInput(model.schema, asked.input)
  const waitSeconds = heldSeconds(one(headers.prefer))
  const deadlineMs = cancelAfterMs(one(headers['cancel-after']))
  if (past === undefined) context.account.startRun()

  const field = pictureField(model.schema)
  const { [field ?? '']: url, ...rest } = input
  const staged = field === null ? null : String(url).startsWith('data:') ? 'inline' : 'file'
  Object.assign(seen, { model: model.name, input: rest, staged, charged: true })
  const run = startRun(context, {
    kind: 'prediction',
    model: model.name,
    version,
    input: asked.input,
    webhook: webhookOrder(asked),
    fault,
    past,
    cancelAfterMs: deadlineMs,
    logLines: [],
    async work() {
      const picture = field === null ? Buffer.alloc(0) : await readPicture(context, String(url))
      if (field !== null) seen.picture = await describe(picture)
      const made = [await model.run(picture, input)].flat()
      const locations = made.map((output) => {
        const file = context.outputs.add(output)
        return `${context.origin()}/delivery/${file.id}/${file.name}`
      })
      return model.output === 'array' ? locations : locations[0]
    },
  })
  context.runs.set(run.id, run)
  seen.runId = run.id
  if (past === undefined) {
    const cancelAfter = one(headers['cancel-after']) ?? null
    const creation = { kind: 'prediction', cancelAfter, body: request.body.toString() } as const
    context.book.begin({ id: run.id, createdAtMs: run.createdAtMs, creation })
  }
  if (waitSeconds !== null) {
    await Promise.race([run.over, clock.waitUntil(clock.after(waitSeconds * 1000), context.stopped).catch(() => {})])
  }
  return { run, isHeld: waitSeconds !== null }
}

function pictureField(schema: InputSchema): string | null {
  return Object.keys(schema).find((name) => schema[name]?.kind === 'picture') ?? null
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
