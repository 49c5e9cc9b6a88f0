import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import sharp from 'sharp'
import type { AnswerPicture } from './endpoints.ts'
import type { ClipDropFault } from './faults.ts'

export interface Credits {
  consumed: number
  remaining: number
}

const PAGE = '<!DOCTYPE html><html><head><title>Attention</title></head><body>Please come back later.</body></html>'

/** Ends a request without doing it, if the fault is one of that kind. Says whether it did. */
export function failBeforeWork(fault: ClipDropFault | null, response: ServerResponse): boolean {
  switch (fault?.kind) {
    case 'status':
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value)
      if (fault.html === true) sendPage(response, fault.status)
      else sendError(response, fault.status, 'Injected by the test')
      return true
    case 'html':
      sendPage(response, 200)
      return true
    case 'json':
      sendError(response, 200, 'Injected by the test')
      return true
    case 'hang':
      return true
    case 'reset':
      response.socket?.resetAndDestroy()
      return true
    default:
      return false
  }
}

/** Sends the picture, or what the fault makes of it. */
export async function sendPicture(params: {
  response: ServerResponse
  picture: AnswerPicture
  credits: Credits
  fault: ClipDropFault | null
}): Promise<void> {
  const { response, credits, fault } = params
  if (fault?.kind === 'lost-answer') {
    response.socket?.resetAndDestroy()
    return
  }
  const { bytes, contentType } = fault === null ? params.picture : await spoil(params.picture, fault)
  const odd = fault?.kind === 'odd-credits'
  response.writeHead(200, {
    'content-type': contentType,
    'content-length': bytes.byteLength,
    'x-credits-consumed': odd ? 'one' : String(credits.consumed),
    'x-remaining-credits': odd ? '' : String(credits.remaining),
  })
  if (fault?.kind === 'cut-body')
    response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.socket?.destroy())
  else response.end(bytes)
}

async function spoil(picture: AnswerPicture, fault: ClipDropFault): Promise<AnswerPicture> {
  const { bytes, contentType } = picture
  switch (fault.kind) {
    case 'half-picture':
      return { bytes: bytes.subarray(0, bytes.byteLength >> 1), contentType }
    case 'wrong-type':
      return { bytes, contentType: fault.contentType ?? 'application/octet-stream' }
    case 'noise':
      return { bytes: randomBytes(bytes.byteLength), contentType }
    case 'no-alpha':
      return { bytes: await sharp(bytes).flatten().jpeg().toBuffer(), contentType: 'image/jpeg' }
    case 'wrong-size':
      return { bytes: await sharp(bytes).resize(fault.width, fault.height, { fit: 'fill' }).toBuffer(), contentType }
    default:
      return picture
  }
}

export function sendError(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }))
}

function sendPage(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE)
}
