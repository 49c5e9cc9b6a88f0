#!/usr/bin/env node
import '../tools/node-version.js'

await import('./main.ts')
