import { generationCrashSuite } from './generation-crashes.ts'

generationCrashSuite(1)
