import * as z from 'zod'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'

/** A message that lies in the dead letters' subscription. */
export interface DeadLetter {
  ackId: string
  messageId: string
  publishTime: string
  attributes: Readonly<Record<string, string>>
  /** Base64, as Pub/Sub has it. */
  data: string
}

/** Pub/Sub's REST API as far as dead letters need it (projects.subscriptions.pull, acknowledge, modifyAckDeadline). */
export interface DeadLetterBox {
  /** At most `most` of them, each hidden from others for a minute. Empty when there are none at the moment. */
  pull(most: number): Promise<DeadLetter[]>
  /** Removes letters for good. */
  acknowledge(letters: readonly DeadLetter[]): Promise<void>
  /** Lets others see them again at once. */
  release(letters: readonly DeadLetter[]): Promise<void>
}

const pullSchema = z.object({
  receivedMessages: z
    .array(
      z.object({
        ackId: z.string(),
        message: z.object({
          messageId: z.string(),
          publishTime: z.string().default(''),
          attributes: z.record(z.string(), z.string()).default({}),
          data: z.string().default(''),
        }),
      }),
    )
    .default([]),
})

const timeoutMs = 30_000

export function openDeadLetters(options: {
  projectId: string
  subscription: string
  /** `https://pubsub.googleapis.com`, or an emulator's. */
  baseUrl: string
  /** Null where none is asked for. */
  accessToken: () => Promise<string | null>
  signal: AbortSignal
}): DeadLetterBox {
  const path = `/v1/projects/${options.projectId}/subscriptions/${options.subscription}`
  const call = async (verb: string, body: unknown): Promise<unknown> => {
    const token = await options.accessToken()
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)])
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal }
    const answer = await fetch(new URL(`${path}:${verb}`, options.baseUrl), init).catch((cause: unknown) => {
      options.signal.throwIfAborted()
      throw new TransientError({ code: 'forge.pubsub-unreachable', message: 'Pub/Sub cannot be reached.', cause })
    })
    if (answer.ok) return await answer.json()
    throw refused(answer.status, await answer.text(), options.subscription)
  }
  const idsOf = (letters: readonly DeadLetter[]) => letters.map(({ ackId }) => ackId)
  return {
    async pull(most) {
      const { receivedMessages } = pullSchema.parse(await call('pull', { maxMessages: most }))
      return receivedMessages.map(({ ackId, message }) => ({ ackId, ...message }))
    },
    async acknowledge(letters) {
      if (letters.length > 0) await call('acknowledge', { ackIds: idsOf(letters) })
    },
    async release(letters) {
      if (letters.length > 0) await call('modifyAckDeadline', { ackIds: idsOf(letters), ackDeadlineSeconds: 0 })
    },
  }
}

function refused(status: number, text: string, subscription: string): FinalError {
  const message =
    status === 404
      ? `There is no subscription ${subscription}; deploy/setup.sh makes it.`
      : status === 403 || status === 401
        ? `You may not read ${subscription}; it takes roles/pubsub.subscriber.`
        : `Pub/Sub answered ${status}.`
  return new FinalError({ code: 'forge.pubsub-refused', message, facts: { status, reason: text.slice(0, 300) } })
}
