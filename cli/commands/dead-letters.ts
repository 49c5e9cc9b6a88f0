import { FinalError } from '#shared/errors/app-error.ts'
import { type Command, type CommandContext, parseCall, UsageError, wholeNumber } from '../command.ts'
import { type Connection, withConnection } from '../connect.ts'
import type { DeadLetter, DeadLetterBox } from '../dead-letters/subscription.ts'

const subscriptionName = 'charaforge-dead-letters'

const common = `  --limit N            at most so many (100)
  --subscription NAME  another than ${subscriptionName}
`

const listUsage = `forge dead-letters list [--limit N] [--subscription NAME] [--json]

The events that no service took within 100 tries, with what they are about. They stay where they are.

${common}`

const replayUsage = `forge dead-letters replay [--limit N] [--subscription NAME] [--json]

Asks for the job that each dead letter was about, and removes the letter. What was done meanwhile is not
done again. A letter that cannot be read stays, and is named. Jobs are woken through the queue of the
environment (TASKS_QUEUE), or are due at once for the reconciler.

${common}`

const options = {
  limit: { type: 'string', default: '100' },
  subscription: { type: 'string', default: subscriptionName },
} as const

/** Goes through letters page by page until there are none, or enough; `handle` says whether the letter is done with. */
async function eachLetter(
  args: string[],
  usage: string,
  context: CommandContext,
  handle: (letter: DeadLetter, connection: Connection) => Promise<boolean>,
): Promise<number> {
  const { values, positionals } = parseCall(args, options, usage)
  if (positionals.length > 0) throw new UsageError('This command takes options only.', usage)
  const limit = wholeNumber(values.limit, { name: 'limit', min: 1, max: 10_000, usage })
  return await withConnection({ local: values.local }, async (connection) => {
    const box = await openBox(connection, values.subscription, context.signal)
    return await goThrough(box, limit, context.signal, (letter) => handle(letter, connection))
  })
}

async function goThrough(
  box: DeadLetterBox,
  limit: number,
  signal: AbortSignal,
  handle: (letter: DeadLetter) => Promise<boolean>,
): Promise<number> {
  const seen = new Set<string>()
  const kept: DeadLetter[] = []
  try {
    while (seen.size < limit) {
      signal.throwIfAborted()
      const letters = await box.pull(Math.min(100, limit - seen.size))
      const fresh = letters.filter(({ messageId }) => !seen.has(messageId))
      kept.push(...letters)
      if (fresh.length === 0) break
      for (const letter of fresh) {
        seen.add(letter.messageId)
        if (!(await handle(letter))) continue
        await box.acknowledge([letter])
        kept.splice(kept.indexOf(letter), 1)
      }
    }
    return seen.size
  } finally {
    await box.release(kept)
  }
}

async function openBox(connection: Connection, subscription: string, signal: AbortSignal): Promise<DeadLetterBox> {
  const { openDeadLetters } = await import('../dead-letters/subscription.ts')
  const emulator = process.env.PUBSUB_EMULATOR_HOST
  const projectId = connection.config.GOOGLE_CLOUD_PROJECT
  if (emulator) {
    return openDeadLetters({
      projectId,
      subscription,
      signal,
      baseUrl: `http://${emulator}`,
      accessToken: async () => null,
    })
  }
  // Never Google's: what a local cloud is asked for must not be looked for, or removed, in a project of the same name.
  if (process.env.FIRESTORE_EMULATOR_HOST) {
    const message =
      'A local cloud has no Pub/Sub to keep dead letters in; where one runs, PUBSUB_EMULATOR_HOST names it.'
    throw new FinalError({ code: 'forge.no-pubsub', message })
  }
  const { GoogleAuth } = await import('google-auth-library')
  const auth = new GoogleAuth({ scopes: ['https://www.googleapis.com/auth/pubsub'] })
  return openDeadLetters({
    projectId,
    subscription,
    signal,
    baseUrl: 'https://pubsub.googleapis.com',
    accessToken: async () => (await auth.getAccessToken()) ?? null,
  })
}

export const deadLettersList: Command = {
  words: ['dead-letters', 'list'],
  synopsis: 'dead-letters list',
  summary: 'events that no service took',
  usage: listUsage,
  options,
  examples: ['forge dead-letters list --limit 20', 'forge dead-letters list --json | jq -r .subject'],
  async run(args, context) {
    const { readLetter } = await import('../dead-letters/replay-letter.ts')
    const count = await eachLetter(args, listUsage, context, async (letter) => {
      const read = readLetter(letter)
      const about =
        read.kind === 'event' ? { event: read.event.type, subject: read.event.subject } : { reason: read.reason }
      const text =
        read.kind === 'event' ? `${read.event.type}  ${read.event.subject}` : `cannot be read: ${read.reason}`
      const { messageId, publishTime } = letter
      context.output.result(
        { type: 'dead-letter', messageId, publishTime, ...about },
        `${publishTime}  ${messageId}  ${text}`,
      )
      return false
    })
    if (count === 0) context.output.note('There are no dead letters.')
    return true
  },
}

export const deadLettersReplay: Command = {
  words: ['dead-letters', 'replay'],
  synopsis: 'dead-letters replay',
  summary: 'ask for the jobs that dead letters were about',
  usage: replayUsage,
  options,
  examples: ['forge dead-letters replay', 'forge dead-letters replay --limit 1'],
  async run(args, context) {
    const { readLetter, replayEvent } = await import('../dead-letters/replay-letter.ts')
    let isGood = true
    const count = await eachLetter(args, replayUsage, context, async (letter, connection) => {
      const { messageId } = letter
      const read = readLetter(letter)
      if (read.kind === 'unreadable') {
        isGood = false
        const record = { type: 'replayed', messageId, outcome: 'unreadable', reason: read.reason }
        context.output.result(record, `${messageId}  stays: ${read.reason}`)
        return false
      }
      const replayed = await replayEvent(connection, read.event)
      const said = replayed.kind === 'asked-for' ? replayed.job : replayed.reason
      context.output.result(
        { type: 'replayed', messageId, outcome: replayed.kind, about: said },
        `${messageId}  ${said}`,
      )
      return true
    })
    if (count === 0) context.output.note('There are no dead letters.')
    return isGood
  },
}
