// Becomes dist/<service>/main.cjs. A file of its own, because the compile cache only serves what is loaded after it is on.
import '../node-version.js'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Beside the bundle, so that one run while the image is built fills it. NODE_COMPILE_CACHE, where set, has won already.
enableCompileCache(join(__dirname, '.compile-cache'))
require('./service.cjs')
