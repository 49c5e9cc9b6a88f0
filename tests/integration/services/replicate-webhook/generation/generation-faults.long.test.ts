import { generationFaultSuite } from './generation-faults.ts'

generationFaultSuite()
