import type { ObjectName } from './object-store.ts'

const virtualHostSuffix = '.storage.googleapis.com'

/**
 * The name of the object in `bucket` that a URL names, or null when it names none: `gs://`, public and authenticated
 * URLs in path and virtual-host style, Firebase download URLs. The host is not looked at otherwise: a local bucket
 * server and a custom domain serve the same paths. So it says what a URL means, never that it may be trusted.
 */
export function objectNameInUrl(text: string, bucket: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return null
  }
  const path = url.pathname.slice(1)
  if (url.protocol === 'gs:') return url.host === bucket ? decoded(path) : null
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  if (url.host === `${bucket}${virtualHostSuffix}`) return decoded(path)
  const firebasePrefix = `v0/b/${encodeURIComponent(bucket)}/o/`
  if (path.startsWith(firebasePrefix)) return decoded(path.slice(firebasePrefix.length))
  return path.startsWith(`${bucket}/`) ? decoded(path.slice(bucket.length + 1)) : null
}

function decoded(encodedName: string): string | null {
  try {
    return decodeURIComponent(encodedName) || null
  } catch {
    return null
  }
}

/**
 * A Firebase download URL: works with uniform access and without rules, for whoever knows the token. `v` changes with
 * every write, because results keep their name and are cached for a year.
 */
export function tokenUrl(params: { host: string; object: ObjectName; token: string; generation: string }): string {
  const { object } = params
  const url = new URL(`/v0/b/${encodeURIComponent(object.bucket)}/o/${encodeURIComponent(object.name)}`, params.host)
  url.search = new URLSearchParams({ alt: 'media', token: params.token, v: params.generation }).toString()
  return url.href
}

/** The public URL of an object in a bucket that people may read; `v` as above. */
export function publicUrl(params: { host: string; object: ObjectName; generation: string }): string {
  const path = [params.object.bucket, ...params.object.name.split('/')].map(encodeURIComponent).join('/')
  const url = new URL(`/${path}`, params.host)
  url.search = new URLSearchParams({ v: params.generation }).toString()
  return url.href
}
