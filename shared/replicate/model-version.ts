/** One version of a model, as `owner/name:id` writes it. */
export interface ModelVersion {
  owner: string
  name: string
  /** 64 lower-case hex characters. */
  versionId: string
}

const MODEL_NAME = /^([a-z0-9][\w.-]{0,99})\/([a-z0-9][\w.-]{0,99})$/i
const VERSION_ID = /^[0-9a-f]{64}$/

/** Reads `owner/name:id`; null for anything else, a bare id included: it does not say whose it is. */
export function parseModelVersion(text: unknown): ModelVersion | null {
  if (typeof text !== 'string') return null
  const [fullName = '', versionId = '', ...rest] = text.trim().split(':')
  const model = parseModelName(fullName)
  return model !== null && VERSION_ID.test(versionId) && rest.length === 0 ? { ...model, versionId } : null
}

/** Reads `owner/name`. */
export function parseModelName(text: string): { owner: string; name: string } | null {
  const [, owner, name] = MODEL_NAME.exec(text) ?? []
  return owner === undefined || name === undefined ? null : { owner, name }
}

/** Whether it is an id of a version: what predictions and trainings are asked for by. */
export function isVersionId(text: string): boolean {
  return VERSION_ID.test(text)
}
