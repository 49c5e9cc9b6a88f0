import type { IncomingHttpHeaders } from 'node:http'
import { invalid, notModified, preconditionFailed } from '../http/failure.ts'

/** Conditions on an object's (or a bucket's) state; generation 0 stands for "there is none". */
export interface Preconditions {
  generationMatch?: number
  generationNotMatch?: number
  metagenerationMatch?: number
  metagenerationNotMatch?: number
}

/** What conditions are compared with. */
export interface Versioned {
  generation: number
  metageneration: number
}

/** Reads `ifGenerationMatch` and its like; `subject` is `Source` for `ifSourceGenerationMatch`. */
export function parsePreconditions(query: URLSearchParams, subject: '' | 'Source' = ''): Preconditions {
  return collect((condition) => query.get(`if${subject}${condition}`))
}

/** The XML API's form: `x-goog-if-generation-match` and `x-goog-if-metageneration-match`. */
export function parseHeaderPreconditions(headers: IncomingHttpHeaders): Preconditions {
  return collect((condition) => {
    const value =
      headers[
        `x-goog-if-${condition
          .replace('NotMatch', '-not-match')
          .replace(/Match$/, '-match')
          .toLowerCase()}`
      ]
    return typeof value === 'string' ? value : null
  })
}

function collect(read: (condition: string) => string | null): Preconditions {
  const conditions: Preconditions = {}
  const generationMatch = parseVersion(read('GenerationMatch'))
  const generationNotMatch = parseVersion(read('GenerationNotMatch'))
  const metagenerationMatch = parseVersion(read('MetagenerationMatch'))
  const metagenerationNotMatch = parseVersion(read('MetagenerationNotMatch'))
  if (generationMatch !== null) conditions.generationMatch = generationMatch
  if (generationNotMatch !== null) conditions.generationNotMatch = generationNotMatch
  if (metagenerationMatch !== null) conditions.metagenerationMatch = metagenerationMatch
  if (metagenerationNotMatch !== null) conditions.metagenerationNotMatch = metagenerationNotMatch
  return conditions
}

/** A generation or metageneration from outside; throws 400 where it is no whole number. */
export function parseVersion(text: string | null): number | null {
  if (text === null || text === '') return null
  if (!/^\d{1,19}$/.test(text)) throw invalid(`Invalid value '${text}': a whole number is needed.`)
  return Number(text)
}

/** Throws 412 where a condition does not hold; for a read, a broken NotMatch is 304. */
export function checkPreconditions(
  conditions: Preconditions,
  current: Versioned | null,
  access: 'read' | 'write',
): void {
  const generation = current?.generation ?? 0
  const metageneration = current?.metageneration ?? 0
  const { generationMatch, generationNotMatch, metagenerationMatch, metagenerationNotMatch } = conditions
  if (generationMatch !== undefined && generationMatch !== generation) throw preconditionFailed()
  if (metagenerationMatch !== undefined && metagenerationMatch !== metageneration) throw preconditionFailed()
  const isUnchanged = generationNotMatch === generation || metagenerationNotMatch === metageneration
  if (isUnchanged) throw access === 'read' ? notModified() : preconditionFailed()
}
