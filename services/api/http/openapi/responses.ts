import * as z from 'zod'
import type { Endpoint } from '../endpoint.ts'
import type { OpenApiResponse } from './openapi.ts'
import type { SchemaComponents } from './schemas.ts'

const problemSchema = z
  .strictObject({
    path: z.string().describe('Dotted, as `images.3`; in a query or a header it begins with that word.'),
    message: z.string(),
  })
  .meta({ id: 'FieldProblem' })

const errorSchema = z
  .strictObject({
    error: z.strictObject({
      code: z.string().describe('Stable: go by it.'),
      message: z.string().describe('A sentence for a person; it may change.'),
      details: z.union([z.array(problemSchema), z.null()]),
    }),
  })
  .meta({ id: 'Error', description: 'The body of every answer that is not a success.' })

interface ErrorSpec {
  /** Its name among the components. */
  name: string
  description: string
  example: { code: string; message: string; details: { path: string; message: string }[] | null }
  hasRetryAfter?: boolean
  hasChallenge?: boolean
}

/**
 * All refusals, by status: what an endpoint's `errors` may name, and what each of them may answer: a description names every code, with
 * `…` for those of which another house decides how many there are. Tests of the api hold every answer against it.
 */
export const errorAnswers: Readonly<Record<number, ErrorSpec>> = {
  400: {
    name: 'Unreadable',
    description:
      'The body is no JSON, or the path cannot be read (`request.unreadable`); or the cursor is none of this search’s (`search.bad-cursor`, `search.other-search`).',
    example: { code: 'request.unreadable', message: 'The body is no JSON in UTF-8.', details: null },
  },
  401: {
    name: 'Unauthenticated',
    description: 'There is no ID token (`auth.missing`), or none that is valid (`auth.invalid`).',
    example: {
      code: 'auth.missing',
      message: 'Sign in first: send a Firebase ID token as "Authorization: Bearer …".',
      details: null,
    },
    hasChallenge: true,
  },
  403: {
    name: 'Forbidden',
    description: 'It is for operators (`auth.operator-only`).',
    example: {
      code: 'auth.operator-only',
      message: 'Only operators may do this: the token needs the claim "operator", or ADMIN_UIDS its user.',
      details: null,
    },
  },
  404: {
    name: 'NotFound',
    description:
      'It is not there, or not yours (`training.not-found`, `generation.not-found`, `model.not-found`, `file.not-found`, `job.not-found`).',
    example: { code: 'training.not-found', message: 'You have no training k3v7q2m5x4wz6a2b7c5d.', details: null },
  },
  409: {
    name: 'Conflict',
    description:
      'It is over already (`training.over`), the key belongs to another request (`request.key-reused`), the model is not in the bucket (`model.not-synced`), nobody knows its base (`model.base-unknown`), or it was changed meanwhile (`registry.removed`, `registry.other-source`).',
    example: {
      code: 'training.over',
      message: 'The training is over already: it has succeeded.',
      details: null,
    },
  },
  413: {
    name: 'TooLarge',
    description: 'The body has more than 256 KiB (`request.too-large`).',
    example: {
      code: 'request.too-large',
      message: 'The request body is larger than this service reads.',
      details: null,
    },
  },
  415: {
    name: 'NotJson',
    description:
      'The content type is not application/json (`request.not-json`), or the content encoding is none that is known (`request.unreadable`).',
    example: {
      code: 'request.not-json',
      message: 'The body must be JSON, with the content type application/json.',
      details: null,
    },
  },
  422: {
    name: 'Invalid',
    description:
      'The request says something that cannot be taken (`request.invalid`, `training.bad-zip-url`, `registry.bad-url`, `registry.bad-upload`, `registry.bad-source`), or names what a hub does not have (`civitai.…`, `huggingface.…`); `details` says where.',
    example: {
      code: 'request.invalid',
      message: 'The request is not as it should be: type: Invalid option: expected one of "man"|"woman".',
      details: [{ path: 'type', message: 'Invalid option: expected one of "man"|"woman".' }],
    },
  },
  424: {
    name: 'SourceFailed',
    description: 'The hub that has it refuses us, so that asking again would not help (`civitai.…`, `huggingface.…`).',
    example: {
      code: 'huggingface.gated',
      message: 'Access to ann/tiny is restricted; ask for it on its page at Hugging Face.',
      details: null,
    },
  },
  429: {
    name: 'TooMany',
    description:
      'Too many requests (`rate.limited`), or a quota is spent (`quota.trainings`, `quota.cooldown`, `quota.generations`, `quota.failed-runs`, `quota.storage`, `quota.uploads`, `quota.models`). Retry-After says when there is room; without it waiting makes none.',
    example: { code: 'quota.trainings', message: 'You have begun as many trainings as a day allows.', details: null },
    hasRetryAfter: true,
  },
  500: {
    name: 'Internal',
    description: 'Something unforeseen (`internal`).',
    example: { code: 'internal', message: 'Something unforeseen went wrong on our side.', details: null },
  },
  503: {
    name: 'Unavailable',
    description:
      'Not now, Retry-After says when to ask again: the code says what is in the way (`documents.…`, `objects.…`, `token.…`, `server.…`, `sync.…`, `search.…`, `civitai.…`, `huggingface.…`). Without Retry-After: trainings are not set up (`training.not-configured`).',
    example: {
      code: 'documents.unavailable',
      message: 'Firestore did not take the operation (unavailable); it will be tried again.',
      details: null,
    },
    hasRetryAfter: true,
  },
}

/** Every refusal that an endpoint may answer with: its own, those of what it reads, and those that all have. */
export function errorsOf({
  parts,
  operatorsOnly,
  errors = [],
}: Pick<Endpoint, 'parts' | 'operatorsOnly' | 'errors'>): number[] {
  const ofBody = parts.body ? [400, 413, 415] : []
  const ofPath = parts.params ? [400] : []
  const ofOperators = operatorsOnly ? [403] : []
  const ofParts = Object.keys(parts).length > 0 ? [422] : []
  return [...ofOperators, ...errors, ...ofBody, ...ofPath, ...ofParts, 401, 429, 500, 503]
}

/** The refusals as components. */
export function errorComponents(schemas: SchemaComponents): Record<string, OpenApiResponse> {
  const schema = schemas.add(errorSchema, 'output')
  const responses = Object.values(errorAnswers).map((spec): [string, OpenApiResponse] => [
    spec.name,
    {
      description: spec.description,
      ...headersOf(spec),
      content: { 'application/json': { schema, examples: { one: { value: { error: spec.example } } } } },
    },
  ])
  return Object.fromEntries(responses)
}

function headersOf({ hasRetryAfter, hasChallenge }: ErrorSpec): Pick<OpenApiResponse, 'headers'> {
  const headers = {
    ...(hasRetryAfter ? { 'Retry-After': { description: 'In seconds.', schema: { type: 'integer' } } } : {}),
    ...(hasChallenge ? { 'WWW-Authenticate': { description: 'RFC 6750.', schema: { type: 'string' } } } : {}),
  }
  return Object.keys(headers).length > 0 ? { headers } : {}
}
