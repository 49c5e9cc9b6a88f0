import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import * as z from 'zod'
import { FinalError } from '#shared/errors/app-error.ts'

/** What we read of a LogEntry with an AuditLog in it; of other entries nothing fits, and they are left out. */
const accessEntry = z.object({
  timestamp: z.iso.datetime({ offset: true }),
  protoPayload: z.object({
    methodName: z.literal('storage.objects.get'),
    resourceName: z.string(),
    status: z.object({ code: z.number().default(0) }).optional(),
    authenticationInfo: z.object({ principalEmail: z.string().optional() }).optional(),
  }),
})

/** What the log says of one object. */
export interface ObjectUse {
  uri: string
  usedAt: Date
}

export interface AccessLog {
  /** Each object once, with its last use. */
  uses: ObjectUse[]
  entryCount: number
}

/**
 * Reads Data Access audit logs of Cloud Storage: JSON lines, as a log sink writes them, or the one array that
 * `gcloud logging read --format=json` prints. Refused reads are no use, nor are those by `ignored` accounts: whole
 * addresses, or names up to the `@`. The input is closed after.
 * @throws FinalError `forge.bad-log` for what is neither, with the line; the signal's reason.
 */
export async function readAccessLog(
  input: Readable,
  ignored: readonly string[],
  signal: AbortSignal,
): Promise<AccessLog> {
  const last = new Map<string, Date>()
  let entryCount = 0
  try {
    for await (const entry of entriesOf(input, signal)) {
      entryCount += 1
      const use = useOf(entry, ignored)
      const known = use && last.get(use.uri)
      if (use && (!known || known < use.usedAt)) last.set(use.uri, use.usedAt)
    }
  } finally {
    input.destroy()
  }
  return { uses: [...last].map(([uri, usedAt]) => ({ uri, usedAt })), entryCount }
}

function useOf(entry: unknown, ignored: readonly string[]): ObjectUse | null {
  const parsed = accessEntry.safeParse(entry)
  if (!parsed.success) return null
  const { timestamp, protoPayload } = parsed.data
  const { resourceName, status, authenticationInfo } = protoPayload
  if (status !== undefined && status.code !== 0) return null
  const reader = authenticationInfo?.principalEmail ?? ''
  if (ignored.some((one) => reader === one || (one.endsWith('@') && reader.startsWith(one)))) return null
  const [, bucket, name] = /^projects\/_\/buckets\/([^/]+)\/objects\/(.+)$/s.exec(resourceName) ?? []
  return bucket === undefined ? null : { uri: `gs://${bucket}/${name}`, usedAt: new Date(timestamp) }
}

async function* entriesOf(input: Readable, signal: AbortSignal): AsyncGenerator<unknown> {
  // An array is held whole: gcloud prints it over many lines, and whoever has more writes lines.
  const array: string[] = []
  let lineNumber = 0
  for await (const line of createInterface({ input, signal, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1
    if (array.length > 0 || line.trimStart().startsWith('[')) array.push(line)
    else if (line.trim() !== '') yield parsed(line, `Line ${lineNumber} of the log`)
  }
  // Its abort ends the lines as their end does.
  signal.throwIfAborted()
  if (array.length > 0) yield* parsedArray(array.join('\n'))
}

function parsedArray(text: string): unknown[] {
  const value = parsed(text, 'The log')
  return Array.isArray(value) ? value : []
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FinalError({
      code: 'forge.bad-log',
      message: `${what} is no JSON. Give JSON lines, or what \`gcloud logging read --format=json\` prints.`,
      cause,
    })
  }
}
