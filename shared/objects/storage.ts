import { EventEmitter } from 'node:events'
import { type CRC32CValidator, Storage } from '@google-cloud/storage'
import { Crc32c } from './crc32c.ts'

export interface StorageOptions {
  projectId: string
  credentials?: { client_email: string; private_key: string } | null
}

/**
 * A download of the client hangs eleven listeners on one stream, one more than Node finds normal: without this every
 * one prints a warning about a leak that is none.
 */
const listenersOfADownload = 20

/** The one way to a Cloud Storage client. STORAGE_EMULATOR_HOST is honoured by the client itself. */
export function createStorage(options: StorageOptions): Storage {
  EventEmitter.defaultMaxListeners = Math.max(EventEmitter.defaultMaxListeners, listenersOfADownload)
  return new Storage({
    projectId: options.projectId,
    // The client's own CRC32C runs on the event loop at a fiftieth of the native speed.
    crc32cGenerator: () => new CheckedCrc32c(),
    ...(options.credentials ? { credentials: options.credentials } : {}),
  })
}

class CheckedCrc32c extends Crc32c implements CRC32CValidator {
  validate(expected: string | Buffer): boolean {
    return (typeof expected === 'string' ? expected : expected.toString('base64')) === this.toString()
  }
}
