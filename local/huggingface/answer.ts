import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import type { Refusal } from './refusal.ts'

export function pageAnswer(status: number): Answer {
  const page = '<!DOCTYPE html><html><head><title>Hugging Face</title></head><body>Please log in.</body></html>'
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }
}

/** A redirect with the line of text that the Hub's have. */
export function redirectAnswer(status: 302 | 307, location: string, headers: Record<string, string> = {}): Answer {
  const verb = status === 302 ? 'Found' : 'Temporary Redirect'
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', ...(location === '' ? {} : { location }), ...headers },
    body: `${verb}. Redirecting to ${location}`,
  }
}

export function refusalAnswer({ status, code, message, headers }: Refusal): Answer {
  const coded = code === null ? {} : { 'x-error-code': code }
  return jsonAnswer(status, { error: message }, { ...coded, 'x-error-message': message, ...headers })
}
