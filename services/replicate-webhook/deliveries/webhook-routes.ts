import type { Express, Request, RequestHandler } from 'express'
import { CallerError, errorCode } from '#shared/errors/app-error.ts'
import { isTerminal } from '#shared/replicate/prediction.ts'
import { type RunUpdate, readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { type RunOwner, readWebhookUrl, webhookUrl } from '#shared/replicate/webhook-url.ts'
import type { WebhookVerifier } from '#shared/replicate/webhook-verifier.ts'
import { contextOf } from '#shared/server/request-context.ts'
import type { WebhookJobs } from '../webhook-jobs.ts'

/** Of Replicate's runs; theirs have 26 letters and digits. */
const RUN_ID = /^[A-Za-z0-9_-]{1,100}$/

/**
 * `POST /webhooks/replicate/{job}`: a webhook is verified, recorded and acted on by asking for a job; 200 once that is done.
 * 401 with nothing done for a signature that is not right, 400 for a body that is no run, 503 for what should come again.
 */
export function webhookRoutes(
  app: Express,
  service: { verifier: WebhookVerifier; loadJobs: () => Promise<Pick<WebhookJobs, 'take'>>; now?: () => Date },
): void {
  const { verifier, loadJobs, now = () => new Date() } = service
  const handle: RequestHandler = async (request, response) => {
    const verdict = await verifier.verify({ headers: request.headers, body: request.body })
    if (!verdict.isValid) throw unverified(verdict.reason)
    const update = readUpdate(request.body)
    const addressed = addressedOwner(request, update)
    const report = await (await loadJobs()).take({ update, addressed })
    contextOf(request).logger.info(`Took a webhook: ${report.followUp}.`, {
      event: 'replicate-webhook',
      webhookId: verdict.webhookId,
      runId: update.id,
      status: update.status,
      owner: update.owner ?? addressed,
      news: report.news,
      followUp: report.followUp,
      ...latency(update, now()),
    })
    response.status(200).end()
  }
  app.post('/webhooks/replicate', handle)
  app.post('/webhooks/replicate/:job', handle)
}

function unverified(reason: string): CallerError {
  return new CallerError({
    status: 401,
    code: 'webhook.unverified',
    message: 'The signature of the webhook is not right.',
    facts: { reason },
  })
}

function readUpdate(body: Buffer): RunUpdate {
  let update: RunUpdate
  try {
    update = readWebhookBody(body)
  } catch (cause) {
    throw badBody({ code: errorCode(cause), sizeBytes: body.byteLength }, cause)
  }
  if (!RUN_ID.test(update.id)) throw badBody({ sizeBytes: body.byteLength })
  return update
}

function badBody(facts: Record<string, unknown>, cause?: unknown): CallerError {
  const message = "The webhook's body is no object of a run."
  return new CallerError({ status: 400, code: 'webhook.bad-body', message, facts, cause })
}

/** Whom the URL names. It is not signed: only for a body that does not repeat our URL. */
function addressedOwner(request: Request, update: RunUpdate): RunOwner | null {
  const told = readWebhookUrl(request.originalUrl)
  if (told !== null) return told
  const jobId = request.params.job ?? request.query.job
  const kind = request.query.kind ?? update.kind
  if (typeof jobId !== 'string' || (kind !== 'training' && kind !== 'prediction')) return null
  return readWebhookUrl(webhookUrl('', { kind, jobId }))
}

/** From the run's end to here: how long people wait for nothing. */
function latency(update: RunUpdate, now: Date): { latencyMs?: number } {
  if (update.completedAt === null || !isTerminal(update)) return {}
  return { latencyMs: now.getTime() - update.completedAt.getTime() }
}
