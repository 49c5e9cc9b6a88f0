import { startDocuments } from '../../../support/documents.ts'
import { cacheCrashes } from './cache-crashes.ts'

describe('the cache when an instance dies, on our document server', () => {
  cacheCrashes(startDocuments)
})
