import { parseJson } from '../parse-json.ts'
import type { Examined } from './finding.ts'

const timeoutMs = 15_000

/** An answer of one of Google's REST APIs; `json` is null where it is none. */
export interface GoogleAnswer {
  status: number
  json: unknown
}

/** Asks in the name of whoever sits there; null where nobody answers. @throws what the credentials throw, or the signal's reason. */
export async function askGoogle(url: string, { accessToken, signal }: Examined): Promise<GoogleAnswer | null> {
  const token = await accessToken()
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
    const text = await answer.text()
    return { status: answer.status, json: parseJson(text) }
  } catch {
    signal.throwIfAborted()
    return null
  }
}
