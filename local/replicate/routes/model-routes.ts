import { z } from 'zod'
import { MODELS } from '../models/models.ts'
import { modelObject } from '../models/own-models.ts'
import { TRAINERS } from '../models/trainers.ts'
import { parseBody } from '../refusal.ts'
import { jsonAnswer } from './answer.ts'
import { notFound, type Route } from './route.ts'

const creation = z.strictObject({
  owner: z.string(),
  name: z.string().regex(/^[a-z0-9][a-z0-9_.-]*$/),
  visibility: z.enum(['public', 'private']),
  hardware: z.enum(['cpu', 'gpu-t4', 'gpu-a40-small', 'gpu-a40-large']),
  description: z.string().nullish(),
})

/** `/models` (contract §2). */
export const MODEL_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/v1\/models$/,
    endpoint: 'create-model',
    answer(context, { body }) {
      const { description = null, ...model } = parseBody(body, creation)
      return jsonAnswer(201, modelObject(context.ownModels.create({ ...model, description })))
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/models\/([^/]+)\/([^/]+)$/,
    endpoint: 'get-model',
    answer(context, { names: [owner = '', name = ''] }) {
      const own = context.ownModels.find(owner, name)
      if (own !== null) return jsonAnswer(200, modelObject(own))
      const known = [...MODELS, ...TRAINERS].find((model) => model.name === `${owner}/${name}`)
      if (known === undefined) throw notFound()
      const versions = known.versions.map((id) => ({ id, createdAtMs: 0 }))
      const rest = { visibility: 'public', hardware: 'gpu-a40-large', description: null } as const
      return jsonAnswer(200, modelObject({ owner, name, versions, ...rest }))
    },
  },
]
