import { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { crc32c } from '@node-rs/crc32'
import { secretDenied, secretMissing, secretUnavailable } from './secret-errors.ts'

/** gRPC codes: https://grpc.io/docs/guides/status-codes/ */
const NOT_FOUND = 5
const PERMISSION_DENIED = 7
/** A version that is disabled or destroyed. */
const FAILED_PRECONDITION = 9

/** One client a process: each opens its own channel. */
let ownClient: SecretManagerServiceClient | null = null

function defaultClient(): SecretManagerServiceClient {
  ownClient ??= new SecretManagerServiceClient()
  return ownClient
}

/**
 * Reads one version (`projects/P/secrets/S/versions/V`) with Google's client. Throws `ConfigError` where only the
 * operator can help, `TransientError` otherwise.
 */
export async function accessSecretVersion(
  version: string,
  client: SecretManagerServiceClient = defaultClient(),
): Promise<string> {
  const [answer] = await client.accessSecretVersion({ name: version }).catch((error: unknown) => {
    throw translate(version, error)
  })
  const payload = answer.payload?.data
  if (payload === null || payload === undefined) throw secretMissing(version, null)
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'base64') : Buffer.from(payload)
  const checksum = answer.payload?.dataCrc32c
  // Secret Manager sends the checksum so that a value damaged on its way is told from a wrong key.
  if (checksum !== null && checksum !== undefined && Number(checksum) !== crc32c(bytes)) {
    throw secretUnavailable(version, new Error('The CRC32C of the payload does not match.'))
  }
  return bytes.toString('utf8').trim()
}

function translate(version: string, error: unknown): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  if (code === PERMISSION_DENIED) return secretDenied(version, error)
  if (code === NOT_FOUND || code === FAILED_PRECONDITION) return secretMissing(version, error)
  return secretUnavailable(version, error)
}
