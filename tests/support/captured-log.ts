import { createLogger } from '#shared/logging/create-logger.ts'
import type { Logger } from '#shared/logging/logger.ts'

export interface CapturedLog {
  logger: Logger
  entries: Record<string, unknown>[]
  messages(): string[]
}

/** A real logger whose lines a test can look at. */
export function captureLog(): CapturedLog {
  const entries: Record<string, unknown>[] = []
  const destination = { write: (line: string) => entries.push(JSON.parse(line)) }
  const logger = createLogger({ service: 'test', level: 'debug', destination })
  return { logger, entries, messages: () => entries.map((entry) => String(entry.message)) }
}
