import type { ApiCall } from './recording.ts'

/** One request to Cloud Storage, as far as it says what is done to what. */
export interface StorageRequest {
  method: string
  url: URL
}

/** Where the JSON API lies: the official client leaves `/storage/v1` out when it is told another address. */
const JSON_PATH =
  /^(?:\/(?:resumable\/)?(upload|download))?(?:\/storage\/v1)?\/b\/([^/]+)(?:\/(o)(?:\/([^/]+)(?:\/(.+))?)?)?\/?$/

/**
 * What a request asks of Cloud Storage, by the JSON API's names; nothing for what takes no permission: a session's next
 * bytes, a download by Firebase's token, a public object. A signed URL counts as its signer's call, whose permissions it needs.
 */
export function storageCalls({ method, url }: StorageRequest): ApiCall[] {
  const json = JSON_PATH.exec(url.pathname)
  if (json !== null) return jsonCalls(method, url.searchParams, json)
  // The XML API's paths, and Firebase's downloads.
  if (!url.searchParams.has('X-Goog-Signature')) return []
  const on = `bucket:${decodeURIComponent(url.pathname.split('/')[1] ?? '')}`
  if (method === 'GET' || method === 'HEAD') return [{ method: 'storage.objects.get', variant: null, on }]
  if (method === 'DELETE') return [{ method: 'storage.objects.delete', variant: null, on }]
  return [{ method: 'storage.objects.insert', variant: 'may replace', on }]
}

function jsonCalls(verb: string, query: URLSearchParams, path: RegExpExecArray): ApiCall[] {
  const [, prefix, bucket = '', objects, object, rest = ''] = path
  if (query.has('upload_id')) return []
  const on = `bucket:${decodeURIComponent(bucket)}`
  const call = (name: string, variant: string | null = null): ApiCall => ({ method: `storage.${name}`, variant, on })
  const written = query.get('ifGenerationMatch') === '0' ? 'only new' : 'may replace'
  if (prefix === 'upload') return [call('objects.insert', written), ...(query.has('predefinedAcl') ? [acl(on)] : [])]
  if (objects === undefined) return [call(`buckets.${verb.toLowerCase()}`)]
  if (object === undefined) return [call('objects.list')]
  if (rest === 'compose') return [call('objects.compose', written)]
  const target = /^(?:rewriteTo|copyTo)\/b\/([^/]+)/.exec(rest)?.[1]
  if (target !== undefined) {
    const to = `bucket:${decodeURIComponent(target)}`
    return [call('objects.get'), { method: 'storage.objects.rewrite', variant: written, on: to }]
  }
  if (rest === 'acl' || rest.startsWith('acl/')) return [acl(on)]
  if (rest !== '') return [call(`objects.${rest}`)]
  if (verb === 'GET' || verb === 'HEAD') return [call('objects.get'), ...(isFull(query) ? [acl(on)] : [])]
  return [call(`objects.${verb.toLowerCase()}`), ...(isFull(query) ? [acl(on)] : [])]
}

/** Access lists are in the answer, or changed: a permission of its own, which no role of ours has. */
function acl(on: string): ApiCall {
  return { method: 'storage.objectAccessControls', variant: null, on }
}

function isFull(query: URLSearchParams): boolean {
  return query.get('projection') === 'full' || query.has('predefinedAcl')
}
