import { generationFaultSuite } from './generation-faults.ts'

generationFaultSuite([
  'never ends',
  'finds no credit',
  'is not answered, but listed later',
  'is not answered and never heard of again',
])
