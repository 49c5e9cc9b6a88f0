import { ReplicateFinalError } from './replicate-error.ts'
import { type Run, runSchema } from './run.ts'
import { type RunKind, type RunOwner, readWebhookUrl } from './webhook-url.ts'

/** What a webhook tells. Which event it is for is not in it (contract §5): the status says how far the run is. */
export interface RunUpdate extends Run {
  /** Null where neither our URL nor its output says it: trainings and predictions look alike. */
  kind: RunKind | null
  /**
   * From the webhook's URL in the body, which is signed; the URL that the request came to is not, so that a body for
   * another record could be sent to it. Null where the body does not repeat it: then only the run's id says whose it is.
   */
  owner: RunOwner | null
}

/**
 * Reads the body of a webhook whose signature was found right. Keys that are there twice count with their last value. Throws
 * `replicate.bad-webhook` for what is no run.
 */
export function readWebhookBody(body: Uint8Array): RunUpdate {
  const parsed = runSchema.safeParse(parseJson(body))
  if (!parsed.success) {
    throw new ReplicateFinalError({
      code: 'replicate.bad-webhook',
      message: "The webhook's body is no object of a run.",
      delivery: 'answered',
      facts: { sizeBytes: body.byteLength },
    })
  }
  const run = parsed.data
  const owner = readWebhookUrl(run.webhookUrl ?? '')
  return { ...run, owner, kind: owner?.kind ?? (hasWeights(run.output) ? 'training' : null) }
}

function hasWeights(output: unknown): boolean {
  return typeof output === 'object' && output !== null && 'weights' in output
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
  } catch {
    return null
  }
}
