import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import sharp from 'sharp'
import type { Answer } from '../stand-in-answer.ts'
import type { AnswerPicture } from './endpoints.ts'
import type { ClipDropFault } from './faults.ts'

export interface Credits {
  consumed: number
  remaining: number
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

/** A refusal as ClipDrop writes it. */
export function errorAnswer(status: number, message: string): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: message }) }
}
