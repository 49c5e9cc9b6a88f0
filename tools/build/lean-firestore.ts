import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/**
 * Leaves out of Firestore's client what only administrators of databases call: the admin client and its two fifths of
 * the message definitions, since the client builds every definition anew at each start.
 */
export const leanFirestore: Plugin = {
  name: 'lean-firestore',
  setup(bundler) {
    bundler.onLoad({ filter: /firestore-api\/build\/src\/v1\/firestore_admin_client\.js$/ }, () => {
      return { contents: 'module.exports = {}', loader: 'js' }
    })
    bundler.onLoad({ filter: /firestore-api\/build\/protos\/protos\.json$/ }, async ({ path }) => {
      const definitions = JSON.parse(await readFile(path, 'utf8'))
      // A newer client may keep them elsewhere: then this must be looked at again, not go on in silence.
      const firestore = definitions.nested.google.nested.firestore.nested
      if (firestore.admin === undefined || firestore.v1 === undefined) {
        throw new Error(`${path} no longer holds google.firestore.admin and google.firestore.v1.`)
      }
      delete firestore.admin
      return { contents: JSON.stringify(definitions), loader: 'json' }
    })
  },
}
