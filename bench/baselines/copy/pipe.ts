// The least that copies: nothing is verified, and a broken connection means beginning again.
import { pipeToBucket } from './pipe-to-bucket.ts'
import { runCopy } from './run-copy.ts'

await runCopy(pipeToBucket)
