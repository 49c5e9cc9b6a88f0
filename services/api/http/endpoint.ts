import type * as z from 'zod'
import type { Logger } from '#shared/logging/logger.ts'
import type { User } from '#shared/server/firebase-user.ts'
import type { ApiContext } from '../api-context.ts'
import { parsePart, type RequestPart } from './parse-part.ts'

/** What an endpoint answers with. */
interface AnswerSpec {
  description: string
  schema: z.ZodType
}

/** What a request has besides its four parts. */
export interface Caller {
  user: User
  context: ApiContext
  logger: Logger
}

/** A request whose parts are parsed. */
export interface Call<Params, Query, Headers, Body> extends Caller {
  params: Params
  query: Query
  headers: Headers
  body: Body
}

export interface Reply {
  status: number
  body: unknown
}

export type Method = 'get' | 'post' | 'patch' | 'delete'

/** What an endpoint says of itself: its routes, its checks and its part of the OpenAPI document are made of this. */
interface Description {
  /** The operation's id in the OpenAPI document. */
  id: string
  method: Method
  /** As OpenAPI writes it: `/api/trainings/{id}`. */
  path: string
  tag: 'Uploads' | 'Trainings' | 'Generations' | 'Registry' | 'Cache' | 'Account'
  summary: string
  description?: string
  /** Others are refused (403) before anything of the request is read. */
  operatorsOnly?: true
  /** Statuses of this endpoint's own refusals, beside those that follow from its parts and those that all have. */
  errors?: readonly (400 | 403 | 404 | 409 | 424)[]
}

/** One endpoint of the table, its types erased. Every endpoint is for users with an ID token. */
export interface Endpoint extends Description {
  /** Schemas of the parts that it reads; a part that is absent is not looked at. */
  parts: Partial<Record<RequestPart, z.ZodObject>>
  answers: Readonly<Record<number, AnswerSpec>>
  /** Parses the request's parts and works. @throws CallerError 422 `request.invalid`. */
  handle(caller: Caller, request: Record<RequestPart, unknown>): Promise<Reply>
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : null

type ReplyOf<A extends Readonly<Record<number, AnswerSpec>>> = {
  [S in keyof A & number]: { status: S; body: z.input<A[S]['schema']> }
}[keyof A & number]

/**
 * Describes an endpoint; `handledBy` makes it one. Its handler gets what the schemas parse to, and may answer what the
 * answers say only. (Two steps, since TypeScript knows the answers' types only after the first.)
 */
export function endpoint<
  const A extends Readonly<Record<number, AnswerSpec>>,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(spec: Description & { params?: P; query?: Q; headers?: H; body?: B; answers: A }) {
  const { params, query, headers, body, ...described } = spec
  type Work = (call: Call<Parsed<P>, Parsed<Q>, Parsed<H>, Parsed<B>>) => Promise<ReplyOf<A>>
  const parts: Endpoint['parts'] = {
    ...(params ? { params } : {}),
    ...(query ? { query } : {}),
    ...(headers ? { headers } : {}),
    ...(body ? { body } : {}),
  }
  return {
    handledBy: (work: Work): Endpoint => ({
      ...described,
      parts,
      handle: async (caller, request) =>
        await work({
          ...caller,
          params: parsed('params', params, request.params),
          query: parsed('query', query, request.query),
          headers: parsed('headers', headers, request.headers),
          body: parsed('body', body, request.body),
        }),
    }),
  }
}

/** The cast is what the conditional type says: parsed by the schema where there is one. */
function parsed<S extends z.ZodObject | undefined>(
  part: RequestPart,
  schema: S | undefined,
  value: unknown,
): Parsed<S> {
  return (schema === undefined ? null : parsePart(part, schema, value)) as Parsed<S>
}
