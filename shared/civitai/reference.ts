import { FinalError } from '../errors/app-error.ts'
import { isCivitaiId } from './check-id.ts'
import type { CivitaiFileChoice } from './choose-file.ts'
import { SITE_HOST } from './site-hosts.ts'

/** What a person pointed at. At least one of model and version is there. */
export interface CivitaiReference {
  modelId: string | null
  versionId: string | null
  fileId: string | null
  /** From a download URL's query. */
  choice: CivitaiFileChoice
}

/**
 * Reads what people paste: `123`, `123@456`, a model's page, a download or API URL, an AIR (`urn:air:…:civitai:123@456`), with
 * brackets, quotes and full stops around it. A token in a pasted URL is dropped.
 * @param options.baseUrl a host besides CivitAI's own, such as a stand-in's
 * @throws `civitai.bad-reference`
 */
export function parseCivitaiReference(
  text: string,
  { baseUrl = null }: { baseUrl?: string | null } = {},
): CivitaiReference {
  const pasted = text.trim()
  const reference =
    readIds(pasted) ?? readAir(pasted) ?? readUrl(pasted, baseUrl === null ? null : new URL(baseUrl).host)
  return checked(reference)
}

function readIds(text: string): CivitaiReference | null {
  const ids = /^[<("'`]*(\d+)(?:@(\d+))?(?:\+(\d+))?[>)"'`.,;]*$/.exec(text)
  return ids === null ? null : referenceOf({ modelId: ids[1], versionId: ids[2], fileId: ids[3] })
}

/** `urn:air:{ecosystem}:{type}:civitai:{model}@{version}+{file}`, each part before the source optional (contract §3). */
function readAir(text: string): CivitaiReference | null {
  const air = /(?:^|[\s<("'`])(?:urn:)?(?:air:)?(?:[\w.-]+:){0,2}?([a-z]+):(\d+)(?:@(\d+))?(?:\+(\d+))?(?![\w:])/i.exec(
    text,
  )
  if (air === null) return null
  if (air[1]?.toLowerCase() !== 'civitai') throw notOne(`it names ${air[1]}, not CivitAI`)
  return referenceOf({ modelId: air[2], versionId: air[3], fileId: air[4] })
}

function readUrl(text: string, ownHost: string | null): CivitaiReference {
  const url = findUrl(text)
  if (url === null) throw notOne('give its page on civitai.com, or its ids as 123@456')
  if (!SITE_HOST.test(url.hostname) && url.host !== ownHost) {
    throw notOne(`${url.hostname} is not CivitAI; give the model's page on civitai.com`)
  }
  const { pathname: path, searchParams: query } = url
  const fileId = query.get('fileId') ?? undefined
  const download = /^\/api\/download\/models\/(\d+)$/.exec(path)
  if (download !== null) return referenceOf({ versionId: download[1], fileId, choice: choiceOf(query) })
  const version = /^(?:\/api\/v1|\/[a-z]{2})?\/model-versions\/(?:mini\/)?(\d+)$/.exec(path)
  if (version !== null) return referenceOf({ versionId: version[1], fileId })
  const model = /^(?:\/api\/v1|\/[a-z]{2})?\/models\/(\d+)(?:\/.*)?$/.exec(path)
  const versionId = /^\d+/.exec(query.get('modelVersionId') ?? '')?.[0]
  if (model !== null) return referenceOf({ modelId: model[1], versionId, fileId })
  throw notOne("this page is not a model's; open the model and copy the address from there")
}

/** The first URL in the text, with or without its scheme. */
function findUrl(text: string): URL | null {
  const withScheme = /https?:\/\/[^\s<>"'`\\]+/i.exec(text)?.[0]
  const bare = /(?:^|[\s<("'`])((?:[\w-]+\.)+[a-z]{2,}\/[^\s<>"'`\\]+)/i.exec(text)?.[1]
  const found = withScheme ?? (bare === undefined ? null : `https://${bare}`)
  // Markdown and prose close around a link.
  return found === null ? null : URL.parse(found.replace(/[)\]}.,;:!?*]+$/, ''))
}

function choiceOf(query: URLSearchParams): CivitaiFileChoice {
  const choice: CivitaiFileChoice = {}
  for (const name of ['type', 'format', 'size', 'fp'] as const) {
    const value = query.get(name) ?? ''
    if (value !== '') choice[name] = value
  }
  return choice
}

function referenceOf(parts: {
  modelId?: string | undefined
  versionId?: string | undefined
  fileId?: string | undefined
  choice?: CivitaiFileChoice
}): CivitaiReference {
  const { modelId = null, versionId = null, fileId = null, choice = {} } = parts
  return { modelId, versionId, fileId, choice }
}

function checked(reference: CivitaiReference): CivitaiReference {
  for (const id of [reference.modelId, reference.versionId, reference.fileId]) {
    if (id !== null && !isCivitaiId(id)) throw notOne(`${id.slice(0, 20)} can't be an id`)
  }
  return reference
}

function notOne(why: string): FinalError {
  return new FinalError({ code: 'civitai.bad-reference', message: `This does not name a model of CivitAI: ${why}.` })
}
