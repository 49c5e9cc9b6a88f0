import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalid } from '../http/failure.ts'
import { writeJsonFile } from '../storage/durable-file.ts'

/** The public keys of those who may sign URLs. On the real service these are the service accounts' own. */
export class SigningKeys {
  readonly #directory: string
  readonly #keys = new Map<string, KeyObject>()

  private constructor(dataDir: string) {
    this.#directory = join(dataDir, 'keys')
  }

  static async open(dataDir: string): Promise<SigningKeys> {
    const keys = new SigningKeys(dataDir)
    await mkdir(keys.#directory, { recursive: true })
    for (const file of await readdir(keys.#directory)) {
      if (!file.endsWith('.json')) continue
      const { pem } = JSON.parse(await readFile(join(keys.#directory, file), 'utf8')) as { pem: string }
      keys.#keys.set(file, createPublicKey(pem))
    }
    return keys
  }

  all(): KeyObject[] {
    return [...this.#keys.values()]
  }

  /** Registers an RSA public key; of a private key only the public half is kept. Throws 400 for anything else. */
  async register(pem: string): Promise<void> {
    const key = parseKey(pem)
    const exported = key.export({ type: 'spki', format: 'pem' }).toString()
    const file = `${createHash('sha256').update(exported).digest('hex')}.json`
    await writeJsonFile(join(this.#directory, file), { pem: exported }, 'process')
    this.#keys.set(file, key)
  }
}

function parseKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // Refused below with the sentence that says what is needed.
  }
  throw invalid('The body must be an RSA public key in PEM.')
}
