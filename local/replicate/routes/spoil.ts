import { randomBytes } from 'node:crypto'
import sharp from 'sharp'
import type { ReplicateFault } from '../faults.ts'
import type { Answer } from './answer.ts'

/** An output as a fault leaves it. */
export async function spoil(answer: Answer, fault: ReplicateFault | null): Promise<Answer> {
  const { body } = answer
  switch (fault?.kind) {
    case 'half-picture':
      return { ...answer, body: body.subarray(0, body.byteLength >> 1) }
    case 'wrong-type':
      return { ...answer, contentType: fault.contentType }
    case 'noise':
      return { ...answer, body: randomBytes(body.byteLength) }
    case 'no-alpha':
      return { ...answer, body: await sharp(body).flatten().jpeg().toBuffer(), contentType: 'image/jpeg' }
    case 'wrong-size':
      return { ...answer, body: await sharp(body).resize(fault.width, fault.height, { fit: 'fill' }).toBuffer() }
    default:
      return answer
  }
}
