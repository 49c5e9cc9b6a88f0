// Runs before everything that is run from its source (`node --import`). Plain JavaScript, as node-version.js is.
import './node-version.js'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

// Code that Node has compiled before starts in half the time. Not in Node's own place for it, a folder that others can write to.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url))
module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
// Node keeps it at the end of a process; one that will be killed has none.
setTimeout(() => module.flushCompileCache(), 1_500).unref()
