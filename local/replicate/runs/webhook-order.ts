import { z } from 'zod'

const WEBHOOK_EVENTS = ['start', 'output', 'logs', 'completed'] as const

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Where a run's webhooks go, as its creation says. */
export interface WebhookOrder {
  url: string
  /** Null where none were named: then outputs and the end are told (contract §5). */
  events: readonly WebhookEvent[] | null
}

/** The fields of a creation. The service takes https only; its local stand-in also what runs beside it. */
export const webhookFields = {
  webhook: z
    .url({ protocol: /^https?$/ })
    .refine((url) => url.startsWith('https:') || isLoopback(url), 'webhook must be an https URL')
    .optional(),
  webhook_events_filter: z.array(z.enum(WEBHOOK_EVENTS)).optional(),
}

export function webhookOrder(creation: {
  webhook?: string | undefined
  webhook_events_filter?: WebhookEvent[] | undefined
}): WebhookOrder | null {
  if (creation.webhook === undefined) return null
  return { url: creation.webhook, events: creation.webhook_events_filter ?? null }
}

/** Whether a URL leads to this machine. */
export function isLoopback(url: string): boolean {
  return /^(127(\.\d+){3}|localhost|\[::1\])$/.test(URL.parse(url)?.hostname ?? '')
}
