import type * as z from 'zod'
import { endpoints } from '../../endpoints/endpoints.ts'
import type { Endpoint, Method } from '../endpoint.ts'
import type { OpenApiDocument, OpenApiParameter, OpenApiResponse, Operation, Reference } from './openapi.ts'
import { errorAnswers, errorComponents, errorsOf } from './responses.ts'
import { SchemaComponents } from './schemas.ts'

let made: OpenApiDocument | null = null

/** The API's OpenAPI 3.1 document, made of the same table and schemas as its routes. */
export function openApiDocument(): OpenApiDocument {
  made ??= describeApi(endpoints)
  return made
}

export function describeApi(table: readonly Endpoint[]): OpenApiDocument {
  const components = new SchemaComponents()
  const responses = errorComponents(components)
  const paths: Record<string, Partial<Record<Method, Operation>>> = {}
  for (const endpoint of table) {
    paths[endpoint.path] = { ...paths[endpoint.path], [endpoint.method]: describe(endpoint, components) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'CharaForge',
      version: '1.0.0',
      description:
        'Train models of people from a handful of photos and make pictures with them; find, register and copy the models of Hugging Face and CivitAI. Every request carries the Firebase ID token of its user; bodies are JSON, and fields that are not described are refused.',
    },
    servers: [{ url: '/', description: 'This server' }],
    tags: [
      { name: 'Uploads', description: 'Photos for trainings.' },
      { name: 'Trainings', description: 'From photos to a model.' },
      { name: 'Generations', description: 'Pictures made with a model.' },
      { name: 'Registry', description: 'Models of both hubs and of our own: searched, registered, synced.' },
      { name: 'Cache', description: 'The models bucket, for operators: what lies there and what may go.' },
      { name: 'Account', description: 'What a user has used.' },
    ],
    paths,
    components: {
      schemas: components.schemas,
      responses,
      securitySchemes: {
        idToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'A Firebase ID token of this project.',
        },
      },
    },
  }
}

function describe(endpoint: Endpoint, components: SchemaComponents): Operation {
  const { id, tag, summary, parts, answers } = endpoint
  const parameters = [
    ...parametersOf('path', parts.params, components),
    ...parametersOf('query', parts.query, components),
    ...parametersOf('header', parts.headers, components),
  ]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...descriptionOf(endpoint),
    // OpenAPI 3.1: for schemes other than OAuth these are names of roles.
    security: [{ idToken: endpoint.operatorsOnly ? ['operator'] : [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(parts.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: components.add(parts.body, 'input') } },
          },
        }
      : {}),
    responses: { ...successes(answers, components), ...refusals(errorsOf(endpoint)) },
  }
}

function descriptionOf({ description, operatorsOnly }: Endpoint): { description?: string } {
  const sentences = [operatorsOnly ? 'For operators only.' : undefined, description].filter(Boolean)
  return sentences.length > 0 ? { description: sentences.join(' ') } : {}
}

function parametersOf(
  place: OpenApiParameter['in'],
  schema: z.ZodObject | undefined,
  components: SchemaComponents,
): OpenApiParameter[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => {
    const type = field as z.ZodType // A shape's fields are typed by zod's core, of which these are.
    // What a number is parsed from is text; what it means is what a reader wants to know.
    const described = components.add(type, 'output')
    const { description } = described
    return {
      name,
      in: place,
      required: place === 'path' || !type.safeParse(undefined).success,
      ...(typeof description === 'string' ? { description } : {}),
      schema: described,
    }
  })
}

function successes(answers: Endpoint['answers'], components: SchemaComponents): Record<string, OpenApiResponse> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema }]) => [
      status,
      { description, content: { 'application/json': { schema: components.add(schema, 'output') } } },
    ]),
  )
}

function refusals(statuses: readonly number[]): Record<string, Reference> {
  return Object.fromEntries(
    statuses.flatMap((status) => {
      const spec = errorAnswers[status]
      return spec ? [[status, { $ref: `#/components/responses/${spec.name}` }]] : []
    }),
  )
}
