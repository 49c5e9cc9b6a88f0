import { AppError } from '#shared/errors/app-error.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { NewModelSource } from '../../services/model-sync/app.ts'
import { type Command, type CommandContext, UsageError } from '../command.ts'
import { connectToModels, type ModelConnection } from '../connect.ts'
import { Interrupted } from '../interrupt.ts'
import { syncOperations } from '../operations.ts'
import { ProgressDisplay } from '../progress-display.ts'
import { parseSyncCall, syncOptions, type TypedSource } from '../sync/call.ts'
import { followSync } from '../sync/follow.ts'
import { syncReportRecord, syncReportText } from '../sync/report-text.ts'

const usage = `forge sync MODEL… [--watch]
forge sync --civitai ADDRESS | --huggingface OWNER/NAME[@REVISION][:FILE] | --url URL
forge sync --cancel MODEL…

Copies models into the models bucket, verified, as the app's "Sync now" does; the app's cancel ends it.
The second form makes a document of the system for a model that has none (or takes the one that an
earlier call made), and watches it.

  --watch            shows how far it is until all are synced or failed; exit code 1 if one failed
  --no-watch         only asks (second form)
  --timeout SECONDS  how long to watch (default 21600)
  --civitai …        the address of a page or download, or ids: 123, 123@456
  --allow PATTERN    of a Hugging Face repository only files like unet/*; may be repeated
  --ignore PATTERN   all but these; may be repeated
  --sha256 HEX       what the file at --url must be
  --name NAME        how the app shows it, and what its object is named by
  --type model|lora  the app's word for it (default model)
  --json, --local    as for every command

Ctrl-C ends the watching, not the sync.
`

export const sync: Command = {
  words: ['sync'],
  synopsis: 'sync MODEL…',
  summary: 'copy models into the bucket now, and show how far they are',
  usage,
  options: syncOptions,
  choices: { type: ['model', 'lora'] },
  examples: [
    'forge sync civitai-4384-v128713 --watch',
    'forge sync --civitai 4384@128713 --name "DreamShaper 8"',
    'forge sync --huggingface ann/tiny@main:tiny.safetensors',
  ],
  async run(args, context) {
    const call = parseSyncCall(args, usage)
    const connection = await connectToModels({ local: call.local })
    try {
      if (call.kind === 'cancel') return await cancelAll(connection, call.modelIds, context)
      const asked =
        call.kind === 'models'
          ? await requestAll(connection, call.modelIds, context)
          : await requestSource(connection, call, context)
      if (!call.watch) return asked.isAll
      return (await watchAll(connection, asked.jobs, { ...context, timeoutMs: call.timeoutMs })) && asked.isAll
    } finally {
      await connection.close()
    }
  },
}

interface Asked {
  /** Job ids by model. */
  jobs: Map<string, string>
  /** None was refused. */
  isAll: boolean
}

async function requestAll(connection: ModelConnection, modelIds: string[], context: CommandContext): Promise<Asked> {
  const { requestSync } = await syncOperations()
  const asked: Asked = { jobs: new Map(), isAll: true }
  for (const modelId of modelIds) {
    context.signal.throwIfAborted()
    tellRequest(asked, { ...(await requestSync(connection, { modelId })), modelId }, context)
  }
  return asked
}

async function requestSource(
  connection: ModelConnection,
  call: { source: TypedSource; name: string | null; type: 'model' | 'lora' },
  context: CommandContext,
): Promise<Asked> {
  const { requestNewSync } = await syncOperations()
  const source = await readSource(connection, call.source, context.signal)
  const asked: Asked = { jobs: new Map(), isAll: true }
  tellRequest(asked, await requestNewSync(connection, { source, name: call.name, type: call.type }), context)
  return asked
}

/** @throws UsageError for what names no model there. */
async function readSource(
  { config }: ModelConnection,
  typed: TypedSource,
  signal: AbortSignal,
): Promise<NewModelSource> {
  if (typed.kind === 'url') return typed
  try {
    if (typed.kind === 'huggingface') {
      const { parseHuggingFaceReference } = await import('#shared/huggingface/reference.ts')
      const { allowPatterns, ignorePatterns, kind } = typed
      return {
        kind,
        reference: parseHuggingFaceReference(typed.text, config.HF_BASE_URL),
        allowPatterns,
        ignorePatterns,
      }
    }
    const { parseCivitaiReference } = await import('#shared/civitai/reference.ts')
    const reference = parseCivitaiReference(typed.text, { baseUrl: config.CIVITAI_BASE_URL })
    const { chooseCivitaiFile } = await syncOperations()
    return { kind: typed.kind, reference: await chooseCivitaiFile(config, reference, signal) }
  } catch (error) {
    if (error instanceof AppError && error.code.endsWith('.bad-reference')) throw new UsageError(error.message, usage)
    throw error
  }
}

type Request = { modelId: string } & (
  | { kind: 'requested' | 'under-way'; jobId: string }
  | { kind: 'refused'; code: string; message: string }
)

function tellRequest(asked: Asked, request: Request, { output }: CommandContext): void {
  const { modelId } = request
  const record = { type: 'request', modelId, outcome: request.kind }
  if (request.kind === 'refused') {
    const { code, message } = request
    const text = `${modelId}  ${output.style('red', 'refused')} (${code}): ${message}`
    output.result({ ...record, code, message }, text)
    asked.isAll = false
    return
  }
  const { jobId, kind } = request
  const words = kind === 'requested' ? 'asked for' : 'is under way already'
  output.result({ ...record, jobId }, `${modelId}  ${words}, job ${jobId}`)
  asked.jobs.set(modelId, jobId)
}

async function cancelAll(
  { db }: ModelConnection,
  modelIds: string[],
  { output, signal }: CommandContext,
): Promise<boolean> {
  const { cancelSync } = await syncOperations()
  let isAll = true
  for (const modelId of modelIds) {
    signal.throwIfAborted()
    const { kind, ...why } = await cancelSync(db, { modelId })
    const refusal = 'code' in why ? why : null
    const words = kind === 'canceled' ? 'canceled' : 'is not being synced'
    const text = refusal ? `${output.style('red', 'refused')} (${refusal.code}): ${refusal.message}` : words
    output.result({ type: 'cancel', modelId, outcome: kind, ...refusal }, `${modelId}  ${text}`)
    if (refusal) isAll = false
  }
  return isAll
}

async function watchAll(
  { db }: ModelConnection,
  jobs: ReadonlyMap<string, string>,
  context: CommandContext & { timeoutMs: number },
): Promise<boolean> {
  const { output, signal, timeoutMs } = context
  const [{ reportSync }, { standingOf }] = await Promise.all([syncOperations(), import('../sync/progress.ts')])
  const display = new ProgressDisplay(output, { plainLineEveryMs })
  const onUnclaimed = once(() => output.note(nobodyYet))
  const watchOne = async ([modelId, jobId]: [string, string]): Promise<boolean> => {
    const subject = { label: modelId, record: { modelId } }
    const onChange = (job: JobRecord) => display.show(subject, standingOf(job))
    try {
      const job = await followSync(db, { modelId, jobId, timeoutMs, signal, onChange, onUnclaimed })
      const report = await reportSync(db, job)
      const record = { type: 'end', modelId, jobId, ...syncReportRecord(report) }
      output.result(record, syncReportText(output, modelId, report))
      return report.state === 'done'
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error
      const { code, message } = error
      output.result({ type: 'end', modelId, jobId, state: 'unknown', code, message }, `${modelId}  ${message}`)
      return false
    } finally {
      display.remove(modelId)
    }
  }
  const ends = await Promise.allSettled([...jobs].map(watchOne))
  if (signal.reason instanceof Interrupted) throw new Interrupted(goesOn([...jobs.keys()]))
  const broken = ends.find((end) => end.status === 'rejected')
  if (broken) throw broken.reason
  return ends.every((end) => end.status === 'fulfilled' && end.value)
}

/** A pipe gets a line of a model that often, and at each phase. */
const plainLineEveryMs = 5_000

const nobodyYet =
  'Nobody has begun with it yet: the event of the document, a reconciler or a worker (forge worker run) does so.'

function goesOn(modelIds: string[]): string {
  const ids = modelIds.join(' ')
  return `Interrupted. The sync goes on: "forge sync ${ids} --watch" shows it, "forge sync --cancel ${ids}" ends it.`
}

function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}
