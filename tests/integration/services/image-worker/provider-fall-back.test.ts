import { startDocuments } from '../../../support/documents.ts'
import { providerFaults } from './provider-faults.ts'

describe('faults of ClipDrop, with the local provider to fall back on', () => {
  providerFaults({
    documents: startDocuments,
    providers: 'clipdrop,local',
    only: ({ nature, lasts }) => lasts || nature === 'refused',
    everyNth: 3,
  })
})
