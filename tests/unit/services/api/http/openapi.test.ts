import * as z from 'zod'
import { endpoints } from '../../../../../services/api/endpoints/endpoints.ts'
import { endpoint } from '../../../../../services/api/http/endpoint.ts'
import { describeApi, openApiDocument } from '../../../../../services/api/http/openapi/document.ts'
import { errorAnswers } from '../../../../../services/api/http/openapi/responses.ts'
import { mayRefuse } from '../../../../support/described-refusals.ts'

const document = JSON.parse(JSON.stringify(openApiDocument()))

/** Every value of the document with the path that leads to it. */
function* walk(value: unknown, path: string[] = []): Generator<{ path: string[]; value: Record<string, unknown> }> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield { path, value: value as Record<string, unknown> }
  for (const [key, inner] of Object.entries(value)) yield* walk(inner, [...path, key])
}

function resolve(ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], document)
}

const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)
interface Operation {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  security: Record<string, string[]>[]
  parameters?: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: { $ref: string } }> }
  responses: Record<string, { $ref?: string; description?: string }>
}

test('every endpoint is in the document, and nothing else', () => {
  const described = operations.map(({ path, method, operation }) => `${method} ${path} ${operation.operationId}`)
  expect(described.toSorted()).toEqual(endpoints.map(({ method, path, id }) => `${method} ${path} ${id}`).toSorted())
})

test('every reference resolves, and every component is used', () => {
  const refs = [...walk(document)].flatMap(({ value }) => (typeof value.$ref === 'string' ? [value.$ref] : []))
  expect(refs.length).toBeGreaterThan(30)
  expect(refs.filter((ref) => !ref.startsWith('#/components/') || resolve(ref) === undefined)).toEqual([])
  const components = Object.entries(document.components as Record<string, object>).filter(
    ([kind]) => kind !== 'securitySchemes',
  )
  for (const [kind, of] of components) {
    for (const name of Object.keys(of)) expect(refs).toContain(`#/components/${kind}/${name}`)
  }
})

/** The rules of OpenAPI 3.1 that are about what we use: https://spec.openapis.org/oas/v3.1.0#schema-0 */
test('the document keeps to OpenAPI 3.1', () => {
  const reference = z.strictObject({ $ref: z.string() })
  const schema = z.looseObject({
    $defs: z.never().optional(),
    $schema: z.never().optional(),
    nullable: z.never().optional(),
  })
  const example = z.strictObject({ value: z.unknown() })
  const content = z.strictObject({
    'application/json': z.strictObject({ schema, examples: z.record(z.string(), example).optional() }),
  })
  const header = z.strictObject({ description: z.string(), schema })
  const response = z.strictObject({
    description: z.string().min(1),
    headers: z.record(z.string(), header).optional(),
    content: content.optional(),
  })
  const parameter = z.strictObject({
    name: z.string(),
    in: z.enum(['path', 'query', 'header']),
    required: z.boolean(),
    description: z.string().optional(),
    schema,
  })
  const operation = z.strictObject({
    operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
    tags: z.array(z.string()),
    summary: z.string().min(1),
    description: z.string().optional(),
    security: z.array(z.record(z.string(), z.array(z.string()))),
    parameters: z.array(parameter).optional(),
    requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
    responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.union([reference, response])),
  })
  const componentName = z.string().regex(/^[\w.-]+$/)
  const openApi = z.strictObject({
    openapi: z.literal('3.1.0'),
    info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
    servers: z.array(z.strictObject({ url: z.string(), description: z.string() })),
    tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
    paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'patch', 'delete']), operation)),
    components: z.strictObject({
      schemas: z.record(componentName, schema),
      responses: z.record(componentName, response),
      securitySchemes: z.record(componentName, z.looseObject({ type: z.literal('http'), scheme: z.literal('bearer') })),
    }),
  })
  expect(openApi.safeParse(document).error?.issues ?? []).toEqual([])
  expect(new Set(operations.map((one) => one.operation.operationId)).size).toBe(operations.length)
  const tags = document.tags.map(({ name }: { name: string }) => name)
  for (const { path, operation: one } of operations) {
    // Every placeholder has its parameter, which is required, and every path parameter its placeholder.
    const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const inPath = (one.parameters ?? []).filter((found) => found.in === 'path')
    expect(inPath.map(({ name }) => name)).toEqual(placeholders)
    expect(inPath.every(({ required }) => required)).toBe(true)
    expect(tags).toEqual(expect.arrayContaining(one.tags))
    for (const scheme of one.security.flatMap(Object.keys))
      expect(document.components.securitySchemes).toHaveProperty(scheme)
  }
})

test('every endpoint says its refusals, and what of them has to be waited for', () => {
  for (const { operation } of operations) {
    const statuses = Object.keys(operation.responses)
    expect(statuses).toEqual(expect.arrayContaining(['401', '429', '500', '503']))
    if (operation.requestBody) expect(statuses).toEqual(expect.arrayContaining(['400', '413', '415', '422']))
  }
  expect(document.components.responses.TooMany.headers).toHaveProperty('Retry-After')
  expect(document.components.responses.Unauthenticated.headers).toHaveProperty('WWW-Authenticate')
})

test('what is for operators says so: by its words, its role and its refusal', () => {
  const ofOperators = endpoints.filter(({ operatorsOnly }) => operatorsOnly).map(({ id }) => id)
  expect(ofOperators).toContain('cleanCache')
  const shown = operations.filter(({ operation }) => operation.security.some(({ idToken }) => idToken?.length))
  expect(shown.map(({ operation }) => operation.operationId).toSorted()).toEqual(ofOperators.toSorted())
  for (const { operation } of shown) {
    expect(operation.security).toEqual([{ idToken: ['operator'] }])
    expect(operation.description).toMatch(/^For operators only\./)
    expect(operation.responses).toHaveProperty('403')
  }
})

test('the examples of the requests are requests that are taken', () => {
  const withBody = endpoints.filter(({ parts }) => parts.body)
  expect(withBody.length).toBeGreaterThan(3)
  for (const { id, parts } of withBody) {
    const examples = (parts.body?.meta()?.examples ?? []) as unknown[]
    expect([id, examples.length]).toEqual([id, 1])
    for (const example of examples) expect(parts.body?.safeParse(example).error).toBeUndefined()
  }
})

test('the examples of the refusals have the shape of every refusal', () => {
  const examples = [...walk(document.components.responses)].flatMap(({ path, value }) =>
    path.at(-1) === 'one' ? [value.value] : [],
  )
  expect(examples).toHaveLength(Object.keys(document.components.responses).length)
  const problem = z.strictObject({ path: z.string(), message: z.string() })
  const refusal = z.strictObject({
    error: z.strictObject({ code: z.string(), message: z.string(), details: z.array(problem).nullable() }),
  })
  for (const example of examples) expect(refusal.safeParse(example).error).toBeUndefined()
})

test('a refusal names its codes, that of its example among them', () => {
  for (const [status, { example }] of Object.entries(errorAnswers)) {
    expect([status, example.code, mayRefuse(Number(status), example.code)]).toEqual([status, example.code, true])
    expect(mayRefuse(Number(status), 'no-such.code')).toBe(false)
  }
})

test('a body that is sent may leave out what has a default, and may say nothing else', () => {
  const { TrainingRequest, TrainingOptions, Training } = document.components.schemas
  expect(TrainingRequest.required).toEqual(['name', 'type'])
  expect(TrainingRequest.additionalProperties).toBe(false)
  expect(TrainingRequest.properties.images).toMatchObject({ minItems: 4, maxItems: 100, uniqueItems: true })
  expect(TrainingOptions.required).toBeUndefined()
  expect(TrainingOptions.properties.steps).toMatchObject({ default: 1000, minimum: 3, maximum: 6000 })
  expect(Training.required).toContain('options')
})

test('two schemas of one name are a mistake that is told', () => {
  const answer = (field: z.ZodType) => ({
    200: { description: 'x', schema: z.strictObject({ field }).meta({ id: 'Same' }) },
  })
  const made = (id: string, field: z.ZodType) =>
    endpoint({ id, method: 'get', path: `/${id}`, tag: 'Account', summary: 'x', answers: answer(field) }).handledBy(
      async () => ({ status: 200, body: { field: null } }),
    )
  expect(() => describeApi([made('a', z.string()), made('b', z.number())])).toThrow(/Same/)
})
