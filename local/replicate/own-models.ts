import { type StandInModel, trainedModel } from './models.ts'
import { Refusal } from './refusal.ts'

/** A model of the account: a place that trainings push versions to. */
export interface OwnModel {
  owner: string
  name: string
  visibility: 'public' | 'private'
  hardware: string
  description: string | null
  /** The newest last. */
  versions: { id: string; createdAtMs: number }[]
}

export interface OwnModels {
  /** Throws 403 for another owner, 409 where the name is taken. */
  create(model: Omit<OwnModel, 'versions'>): OwnModel
  find(owner: string, name: string): OwnModel | null
  /** What `owner/name:id` or a bare id runs. */
  findTrained(version: string): { model: StandInModel; version: string } | null
}

export function createOwnModels(account: { owner: string }): OwnModels {
  const models = new Map<string, OwnModel>()
  return {
    create(model) {
      if (model.owner !== account.owner) throw new Refusal(403, 'You do not have permission to create models there')
      const key = `${model.owner}/${model.name}`
      if (models.has(key)) throw new Refusal(409, 'This model already exists. Try a different name!')
      const created = { ...model, versions: [] }
      models.set(key, created)
      return created
    },
    find: (owner, name) => models.get(`${owner}/${name}`) ?? null,
    findTrained(version) {
      for (const [name, { versions }] of models) {
        const found = versions.find(({ id }) => version === id || version === `${name}:${id}`)
        if (found !== undefined) return { model: trainedModel(name, found.id), version: found.id }
      }
      return null
    },
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
