/** The parts of OpenAPI 3.1 that our document uses (https://spec.openapis.org/oas/v3.1.0). */

/** JSON Schema 2020-12. */
export type JsonSchema = { readonly [key: string]: unknown }

export interface OpenApiParameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}

interface MediaTypes {
  'application/json': { schema: JsonSchema; examples?: Readonly<Record<string, { value: unknown }>> }
}

interface OpenApiHeader {
  description: string
  schema: JsonSchema
}

export interface OpenApiResponse {
  description: string
  headers?: Readonly<Record<string, OpenApiHeader>>
  content?: MediaTypes
}

export interface Reference {
  $ref: string
}

export interface Operation {
  operationId: string
  tags: readonly string[]
  summary: string
  description?: string
  security: readonly Readonly<Record<string, readonly string[]>>[]
  parameters?: readonly OpenApiParameter[]
  requestBody?: { required: true; content: MediaTypes }
  responses: Readonly<Record<string, OpenApiResponse | Reference>>
}

export interface OpenApiDocument {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: readonly { url: string; description: string }[]
  tags: readonly { name: string; description: string }[]
  paths: Readonly<Record<string, Readonly<Partial<Record<'get' | 'post' | 'patch' | 'delete', Operation>>>>>
  components: {
    schemas: Readonly<Record<string, JsonSchema>>
    responses: Readonly<Record<string, OpenApiResponse>>
    securitySchemes: Readonly<Record<string, JsonSchema>>
  }
}
