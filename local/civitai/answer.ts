import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import type { Refusal } from './refusal.ts'

export function pageAnswer(status: number, title: string): Answer {
  const body = `<!DOCTYPE html><html><head><title>${title} | Civitai</title></head><body></body></html>`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}

/** How browsers are refused a download (contract §1). */
export function textAnswer(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text }
}

export function redirectAnswer(location: string): Answer {
  return { status: 307, headers: { ...(location === '' ? {} : { location }), 'cache-control': 'no-store' }, body: '' }
}

export function refusalAnswer(refusal: Refusal): Answer {
  return jsonAnswer(refusal.status, refusal.body)
}
