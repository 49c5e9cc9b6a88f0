import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ReplicateFault } from '../faults.ts'
import { checkInput } from '../models/input-schema.ts'
import type { OwnModel } from '../models/own-models.ts'
import { type StandInTrainer, TRAINERS } from '../models/trainers.ts'
import { parseBody, Refusal } from '../refusal.ts'
import type { ReplicateRequest } from '../seen-request.ts'
import type { RunContext } from './create-run.ts'
import { readDataset } from './dataset.ts'
import type { PastRun } from './run-book.ts'
import { type Run, startRun } from './runs.ts'
import { trainedArchive } from './trained-archive.ts'
import { webhookFields, webhookOrder } from './webhook-order.ts'

const creation = z.strictObject({
  destination: z.string(),
  input: z.record(z.string(), z.unknown()),
  ...webhookFields,
})

/** Checks the creation of a training and starts it (contract §4). Throws `Refusal`. */
export function createTraining(
  context: RunContext,
  request: {
    trainer: string
    version: string
    body: Buffer
    fault: ReplicateFault | null
    seen: ReplicateRequest
    past?: PastRun
  },
): Run {
  const { fault, seen, version, past } = request
  const trainer = findTrainer(request)
  const { destination, input: asked, ...rest } = parseBody(request.body, creation)
  const [owner = '', name = ''] = destination.split('/')
  const target = context.ownModels.find(owner, name)
  if (target === null) throw new Refusal(404, 'The specified training destination does not exist')
  const input = checkInput(trainer.schema, asked)
  if (past === undefined) context.account.startRun()

  const { input_images, ...shown } = input
  Object.assign(seen, { model: trainer.name, input: shown, charged: true })
  const steps = Number(input.steps)
  const run = startRun(
    { ...context, times: context.trainingTimes },
    {
      kind: 'training',
      model: trainer.name,
      version,
      input: asked,
      webhook: webhookOrder(rest),
      fault,
      past,
      cancelAfterMs: null,
      logLines: [0.25, 0.5, 0.75, 1].map((share) => progressLine(Math.round(share * steps), steps)),
      work: async () => await train(context, { run, target, input, url: String(input_images) }),
    },
  )
  context.runs.set(run.id, run)
  seen.runId = run.id
  if (past === undefined) {
    const asked = { kind: 'training', trainer: trainer.name, version, body: request.body.toString() } as const
    context.book.begin({ id: run.id, createdAtMs: run.createdAtMs, creation: asked })
  }
  return run
}

/** The same photos and options make the same weights. */
async function train(
  context: RunContext,
  job: { run: Run; target: OwnModel; input: Readonly<Record<string, unknown>>; url: string },
): Promise<unknown> {
  const { run, target, input } = job
  const dataset = await readDataset(context, job.url)
  const { input_images: _, ...options } = input
  const seed = createHash('sha256').update(dataset).update(JSON.stringify(options)).digest('hex')
  const bytes = trainedArchive(input, { seed, fault: run.fault })
  const file = context.outputs.add({ bytes, contentType: 'application/x-tar', name: 'trained_model.tar' })
  const versionId = createHash('sha256').update(`${run.id} ${seed}`).digest('hex')
  run.over.then(
    () => {
      if (run.status === 'succeeded')
        context.ownModels.push(target, { id: versionId, createdAtMs: context.clock.now() })
    },
    () => {},
  )
  return {
    version: `${target.owner}/${target.name}:${versionId}`,
    weights: `${context.origin()}/delivery/${file.id}/${file.name}`,
  }
}

function findTrainer(request: { trainer: string; version: string }): StandInTrainer {
  const trainer = TRAINERS.find(({ name }) => name === request.trainer)
  if (trainer === undefined)
    throw new Refusal(404, 'The requested resource could not be found.', { title: 'Not found' })
  if (trainer.versions.includes(request.version)) return trainer
  throw new Refusal(422, "The specified version does not exist (or perhaps you don't have permission to use it?)", {
    title: 'Invalid version or not permitted',
  })
}

function progressLine(done: number, steps: number): string {
  const share = done / steps
  const bar = '█'.repeat(Math.round(share * 10)).padEnd(10)
  return `flux_train_replicate: ${Math.round(share * 100)}%|${bar}| ${done}/${steps} [lr: 4.0e-04 loss: 3.5e-01]`
}
