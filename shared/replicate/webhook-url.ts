export type RunKind = 'training' | 'prediction'

/** Whose run it is: the one thing of ours that travels with it, for neither trainings nor predictions have room for an id. */
export interface RunOwner {
  kind: RunKind
  /** Of our own record. */
  jobId: string
}

/** Which of a run's webhooks are sent; the name is not in their bodies (contract §5). */
export type WebhookEvent = 'start' | 'output' | 'logs' | 'completed'

/** What a creation says about its webhooks. */
export interface WebhookOrder {
  /** https only, and never redirected (contract §5). See `webhookUrl`. */
  url: string
  /** `start` and `completed` always come; without any, Replicate sends outputs and the end. */
  events?: readonly WebhookEvent[]
}

/** Ours are far shorter; what others wrote into their webhooks' URLs need not fit into a document. */
const MAX_ID_CHARACTERS = 300
const PATH = /\/webhooks\/replicate\/([^/]+)$/

/** Where the webhooks of a run go. A `start` can arrive before its creation is answered, so the URL says whose it is. */
export function webhookUrl(publicUrl: string, { kind, jobId }: RunOwner): string {
  return `${publicUrl.replace(/\/+$/, '')}/webhooks/replicate/${encodeURIComponent(jobId)}?kind=${kind}`
}

/** Reads a webhook's URL, or its path and query; null for one that `webhookUrl` has not made. */
export function readWebhookUrl(url: string): RunOwner | null {
  const parsed = URL.parse(url, 'https://webhooks.invalid')
  const kind = parsed?.searchParams.get('kind')
  const jobId = decode(PATH.exec(parsed?.pathname ?? '')?.[1])
  if (jobId === null || jobId.length > MAX_ID_CHARACTERS) return null
  return kind === 'training' || kind === 'prediction' ? { kind, jobId } : null
}

/** The fields of a creation's body. */
export function webhookFields(webhook: WebhookOrder | undefined): Record<string, unknown> {
  if (webhook === undefined) return {}
  return {
    webhook: webhook.url,
    ...(webhook.events === undefined ? {} : { webhook_events_filter: webhook.events }),
  }
}

function decode(text: string | undefined): string | null {
  try {
    return text === undefined ? null : decodeURIComponent(text)
  } catch {
    return null
  }
}
