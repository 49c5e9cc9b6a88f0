import * as z from 'zod'
import { promptTemplates } from '#shared/prompts/templates.ts'
import { endpoint } from '../http/endpoint.ts'

const templateSchema = z
  .strictObject({ id: z.string(), title: z.string(), prompt: z.string() })
  .meta({ id: 'Template', description: 'A prompt with `{trigger}` and `{type}` for what a model has learned.' })

export const listTemplates = endpoint({
  id: 'listTemplates',
  method: 'get',
  path: '/api/templates',
  tag: 'Generations',
  summary: 'Prompts to choose from',
  answers: {
    200: {
      description: 'All templates.',
      schema: z.strictObject({ templates: z.array(templateSchema) }).meta({ id: 'TemplateList' }),
    },
  },
}).handledBy(async () => ({
  status: 200,
  body: { templates: promptTemplates.map(({ id, title, prompt }) => ({ id, title, prompt })) },
}))
