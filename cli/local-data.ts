import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the local cloud's data lies, its keys among it: FORGE_DATA_DIR where `npm run dev` was told another place. */
export function localDataDir(): string {
  const elsewhere = process.env.FORGE_DATA_DIR
  return elsewhere ? resolve(elsewhere) : fileURLToPath(new URL('../.forge', import.meta.url))
}
