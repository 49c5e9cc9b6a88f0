// Jest's transform: one esbuild call a file. No bundling, so stack traces keep their files.
import { createHash } from 'node:crypto'
import { transformSync, version } from 'esbuild'

export default {
  getCacheKey(source, path) {
    return createHash('sha256').update(`${version}\0${path}\0${source}`).digest('hex')
  },
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node22',
      sourcefile: path,
      sourcemap: true,
    })
    return { code, map }
  },
}
