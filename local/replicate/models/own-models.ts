import { join } from 'node:path'
import { z } from 'zod'
import { openDurableMap } from '../../durable-map.ts'
import { Refusal } from '../refusal.ts'
import { type StandInModel, trainedModel } from './models.ts'

/** A model of the account: a place that trainings push versions to. */
const ownModel = z.object({
  owner: z.string(),
  name: z.string(),
  visibility: z.enum(['public', 'private']),
  hardware: z.string(),
  description: z.string().nullable(),
  /** The newest last. */
  versions: z.array(z.object({ id: z.string(), createdAtMs: z.number() })),
})
export type OwnModel = z.infer<typeof ownModel>

export interface OwnModels {
  /** Throws 403 for another owner, 409 where the name is taken. */
  create(model: Omit<OwnModel, 'versions'>): OwnModel
  find(owner: string, name: string): OwnModel | null
  /** What a training has made; once, however often it is told. */
  push(model: Pick<OwnModel, 'owner' | 'name'>, version: OwnModel['versions'][number]): void
  /** What `owner/name:id` or a bare id runs. */
  findTrained(version: string): { model: StandInModel; version: string } | null
  close(): void
}

/** The models of an account; they lie below `dataDir`, or in memory for null. */
export function createOwnModels(account: { owner: string; dataDir: string | null }): OwnModels {
  const path = account.dataDir === null ? null : join(account.dataDir, 'models.log')
  const models = openDurableMap(path, (json) => ownModel.parse(json))
  return {
    create(model) {
      if (model.owner !== account.owner) throw new Refusal(403, 'You do not have permission to create models there')
      const key = `${model.owner}/${model.name}`
      if (models.get(key) !== undefined) throw new Refusal(409, 'This model already exists. Try a different name!')
      const created = { ...model, versions: [] }
      models.put(key, created)
      return created
    },
    find: (owner, name) => models.get(`${owner}/${name}`) ?? null,
    push({ owner, name }, version) {
      const key = `${owner}/${name}`
      const model = models.get(key)
      if (model === undefined || model.versions.some(({ id }) => id === version.id)) return
      models.put(key, { ...model, versions: [...model.versions, version] })
    },
    findTrained(version) {
      for (const [name, { versions }] of models.entries()) {
        const found = versions.find(({ id }) => version === id || version === `${name}:${id}`)
        if (found !== undefined) return { model: trainedModel(name, found.id), version: found.id }
      }
      return null
    },
    close: () => models.close(),
  }
}

/** A model as the API shows it (recorded: `models-create`). */
export function modelObject(model: OwnModel): Record<string, unknown> {
  const latest = model.versions.at(-1)
  return {
    url: `https://replicate.com/${model.owner}/${model.name}`,
    owner: model.owner,
    name: model.name,
    description: model.description,
    visibility: model.visibility,
    github_url: null,
    paper_url: null,
    license_url: null,
    run_count: 0,
    cover_image_url: null,
    default_example: null,
    latest_version:
      latest === undefined ? null : { id: latest.id, created_at: new Date(latest.createdAtMs).toISOString() },
  }
}
