import { startDocuments } from '../support/documents.ts'
import { bundleSuite } from './bundle.ts'

describe('the built image worker, on our document server', () => {
  bundleSuite(startDocuments)
})
