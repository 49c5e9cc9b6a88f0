#!/usr/bin/env node
import '../tools/from-source.js'

await import('./main.ts')
