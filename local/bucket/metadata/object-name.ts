import { invalid, required } from '../http/failure.ts'

/** The service's limit, in bytes of UTF-8. */
const MAX_NAME_BYTES = 1024

/** Throws 400 for names that the service refuses. */
export function assertObjectName(name: string | null | undefined): asserts name is string {
  if (name === null || name === undefined || name === '') throw required('name')
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw invalid('The maximum object length is 1024 characters.')
  if (/[\r\n]/.test(name)) throw invalid('Disallowed unicode characters present in object name.')
  if (name === '.' || name === '..' || name.startsWith('.well-known/acme-challenge/')) {
    throw invalid(`The object name '${name}' is not allowed.`)
  }
}

/** Throws 400 for names that the service refuses; what passes is also safe as a directory's name. */
export function assertBucketName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) {
    throw invalid(`Invalid bucket name: '${String(name)}'`)
  }
}
