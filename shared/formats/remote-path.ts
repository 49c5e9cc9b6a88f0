import { FinalError } from '#shared/errors/app-error.ts'

/** Cloud Storage's limit for a whole object name, in UTF-8. */
export const maxObjectNameBytes = 1024

/**
 * A relative path that a source has named, as it is.
 * @throws FinalError `model.bad-path` for one that leads out of its folder or that tools would read as another: `..`, absolute, a
 * backslash, a control character, an empty part
 */
export function checkedRemotePath(path: string): string {
  const parts = path.split('/')
  const isBad =
    /[\\\p{Cc}\p{Zl}\p{Zp}]/u.test(path) ||
    !path.isWellFormed() ||
    /^[a-z]:/i.test(path) ||
    parts.some((part) => part === '' || part === '.' || part === '..') ||
    Buffer.byteLength(path) > maxObjectNameBytes
  if (isBad) throw badPath(path)
  return path
}

/** The error for a path that is not to be used; the path itself is for the log only, and cut. */
export function badPath(path: string): FinalError {
  return new FinalError({
    code: 'model.bad-path',
    message: "One of the model's files has a path that cannot be stored safely.",
    facts: { path: JSON.stringify(path.slice(0, 200)) },
  })
}
