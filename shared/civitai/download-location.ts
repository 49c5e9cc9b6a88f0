import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { HttpResponse } from '../http/response.ts'
import { send } from './call-api.ts'
import { earlyAccess, nameDownloadRefusal } from './download-refusal.ts'
import type { Circumstances } from './refusal.ts'
import { SITE_HOST } from './site-hosts.ts'
import { badAnswer, unauthorized } from './translate-error.ts'

export interface CivitaiDownload {
  versionId: string
  /** The only form that names one file for sure; null takes what the account's preferences pick (contract §3, §5). */
  fileId: string | null
}

/** Asks where a file's bytes are. Each answer counts against the account's 24 hours (contract §5). */
export async function findDownloadLocation(
  options: ApiClientOptions,
  { versionId, fileId }: CivitaiDownload,
  signal?: AbortSignal,
): Promise<URL> {
  const path = `/api/download/models/${versionId}${fileId === null ? '' : `?fileId=${fileId}`}`
  return await send(
    options,
    { path, subject: `model version ${versionId}`, signal },
    {
      accepts: (status) => status >= 200 && status < 400,
      nameRefusal: nameDownloadRefusal,
      async read(response, circumstances) {
        // Its body is nothing that anybody wants, and may be a whole model.
        response.discard()
        return readLocation(response, circumstances)
      },
    },
  )
}

function readLocation(response: HttpResponse, circumstances: Circumstances): URL {
  const { status, headers } = response
  const facts = { status, contentType: headers['content-type'] ?? null, subject: circumstances.subject }
  if (status < 300) throw badAnswer('no redirect to the storage', { facts })
  const asked = response.url
  const location = headers.location === undefined ? null : URL.parse(headers.location, asked.href)
  if (location === null || !/^https?:$/.test(location.protocol) || location.username !== '') {
    throw badAnswer('a redirect to nowhere', { facts })
  }
  if (asked.protocol === 'https:' && location.protocol !== 'https:') {
    throw badAnswer('a redirect from https to http', { facts })
  }
  if (location.origin !== asked.origin && !SITE_HOST.test(location.hostname)) return location
  throw pageInsteadOfFile(location, circumstances, facts)
}

/** Followed, these end at an HTML page with status 200 (contract §5). */
function pageInsteadOfFile(location: URL, circumstances: Circumstances, facts: Record<string, unknown>): Error {
  const rest = { facts: { ...facts, page: location.pathname }, cause: null }
  if (location.pathname === '/login') return unauthorized(circumstances, rest)
  if (/^\/(?:model-versions|models)\//.test(location.pathname)) return earlyAccess({ rest, circumstances }, null)
  return badAnswer('a redirect to a page', rest)
}
