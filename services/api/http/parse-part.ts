import type * as z from 'zod'
import { CallerError } from '#shared/errors/app-error.ts'

/** Where a request says something. */
export type RequestPart = 'params' | 'query' | 'headers' | 'body'

/** What is wrong with one field. `path` is dotted, as `images.3`; those of a query or a header begin with its name. */
export interface FieldProblem {
  path: string
  message: string
}

/** A body of a hundred bad files needs no hundred sentences. */
const MAX_PROBLEMS = 20

/** Parses one part of a request. @throws CallerError 422 `request.invalid` with a FieldProblem for each mistake. */
export function parsePart<S extends z.ZodType>(part: RequestPart, schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalidRequest(parsed.error.issues.flatMap((issue) => problemsOf(issue, part)))
}

/** The one refusal of what a request says. */
export function invalidRequest(problems: readonly FieldProblem[]): CallerError {
  const [first] = problems
  const what = first === undefined ? '.' : `: ${first.path === '' ? '' : `${first.path}: `}${first.message}`
  return new CallerError({
    status: 422,
    code: 'request.invalid',
    message: `The request is not as it should be${what}`,
    details: problems.slice(0, MAX_PROBLEMS),
  })
}

function problemsOf(issue: z.core.$ZodIssue, part: RequestPart): FieldProblem[] {
  const prefix = part === 'body' ? [] : [part]
  const at = (path: readonly PropertyKey[]) => [...prefix, ...path].map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    // Keys are the sender's text: cut, so that the answer cannot be made large.
    return issue.keys.map((key) => ({
      path: at([...issue.path, key.slice(0, 100)]),
      message: 'There is no such field.',
    }))
  }
  return [{ path: at(issue.path), message: sentence(issue.message) }]
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
