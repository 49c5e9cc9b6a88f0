import { startTestDocuments } from '../../../../support/documents.ts'
import { manyAtOnce } from './many-at-once.ts'

describe('many requests of one user at once', () => manyAtOnce(startTestDocuments))
