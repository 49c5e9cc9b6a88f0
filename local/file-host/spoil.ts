import type { Answer } from './answer.ts'
import { flipByte } from './content.ts'
import type { FileHostFault } from './faults.ts'
import type { StoredFile } from './hosted-file.ts'
import { stepOf } from './lanes.ts'

/** An answer and how it is brought across. */
export interface Delivery extends Answer {
  /** Of this answer alone; null for no limit. */
  bytesPerSecond: number | null
  /** What follows the last byte: the regular end, a closed connection, a reset one, or silence. */
  ending: 'end' | 'close' | 'reset' | 'silence'
  /** False: the client learns of the end by the connection's end. */
  tellsLength: boolean
  /** After so many bytes of the body the fault has done its harm, whatever the client does then; at the latest at the end. */
  harmAfterBytes: number
}

/** What decides whether a fault would do any harm to a request. */
export interface Situation {
  file: StoredFile
  answer: Answer
  /** Whether the request asks for a range. */
  asksForRange: boolean
  /** How many other answers of this file are under way. */
  otherLanes: number
}

export function canHarm(fault: FileHostFault, { file, answer, asksForRange, otherLanes }: Situation): boolean {
  const { first, end } = answer
  const sizeBytes = end - first
  if (sizeBytes < (fault.minBytes ?? 0)) return false
  if (fault.containing !== undefined && (fault.containing < first || fault.containing >= end)) return false
  switch (fault.kind) {
    case 'status':
    case 'html':
    case 'json':
      return true
    case 'refuse-lane':
      return otherLanes > 0
    case 'no-ranges':
    case 'whole-for-range':
      return sizeBytes > 0 && asksForRange
    case 'wrong-content-range':
      return sizeBytes > 0 && answer.isRange
    case 'changed-etag':
      return file.wasEtagTold
    case 'slow':
      return sizeBytes > stepOf(fault.bytesPerSecond)
    case 'truncated':
    case 'expire':
    case 'reset':
    case 'stall':
      return sizeBytes > fault.atByte
    case 'no-content-length':
      return sizeBytes > (fault.atByte ?? 0)
    case 'corrupt':
      return sizeBytes > (fault.atByte ?? 1)
  }
}

/** The answer as a fault leaves it. Faults that are answers of their own (`sendInstead`) leave it as it is. */
export function spoil(answer: Answer, fault: FileHostFault | null): Delivery {
  const delivery: Delivery = { ...answer, bytesPerSecond: null, ending: 'end', tellsLength: true, harmAfterBytes: 0 }
  const { first, end, headers } = answer
  switch (fault?.kind) {
    case 'no-ranges':
      return { ...whole(delivery), headers: { ...whole(delivery).headers, 'accept-ranges': undefined } }
    case 'whole-for-range':
      return whole(delivery)
    case 'wrong-content-range':
      return { ...delivery, headers: { ...headers, 'content-range': wrongContentRange(answer, fault.how) } }
    case 'slow':
      return { ...delivery, bytesPerSecond: fault.bytesPerSecond, harmAfterBytes: 1 }
    case 'truncated':
    case 'expire':
      return cutAt(delivery, fault.atByte, 'close')
    case 'reset':
      return cutAt(delivery, fault.atByte, 'reset')
    case 'stall':
      return cutAt(delivery, fault.atByte, 'silence')
    case 'no-content-length':
      return { ...cutAt(delivery, fault.atByte ?? end - first, 'end'), tellsLength: false }
    case 'corrupt': {
      const atByte = fault.atByte ?? (end - first) >> 1
      return { ...delivery, content: flipByte(answer.content, first + atByte), harmAfterBytes: atByte + 1 }
    }
    default:
      return delivery
  }
}

function cutAt(delivery: Delivery, atByte: number, ending: Delivery['ending']): Delivery {
  return { ...delivery, end: delivery.first + atByte, ending, harmAfterBytes: Number.POSITIVE_INFINITY }
}

function whole(delivery: Delivery): Delivery {
  const { sizeBytes } = delivery.content
  const { 'content-range': _, ...headers } = delivery.headers
  return { ...delivery, status: 200, first: 0, end: sizeBytes, headers: { ...headers, 'content-length': sizeBytes } }
}

function wrongContentRange({ first, end, content }: Answer, how: 'shifted' | 'wrong-total' | 'missing') {
  switch (how) {
    case 'shifted':
      return `bytes ${first + 1}-${end}/${content.sizeBytes}`
    case 'wrong-total':
      return `bytes ${first}-${end - 1}/${content.sizeBytes + 1}`
    case 'missing':
      return undefined
  }
}
