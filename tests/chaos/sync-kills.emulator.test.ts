import { describeOnGoogle, startGoogleFirestore } from '../support/google-firestore.ts'
import { howMany } from '../support/how-many.ts'
import { runProcess } from '../support/processes.ts'
import { syncKills } from './sync-kills.ts'

describeOnGoogle('the built model sync killed from outside, on Google’s Firestore emulator', () => {
  beforeAll(async () => {
    expect(await runProcess(['tools/build.ts', 'model-sync'])).toMatchObject({ code: 0 })
  })

  syncKills({
    documents: startGoogleFirestore,
    main: 'dist/model-sync/main.cjs',
    seed: 20,
    kills: howMany({ gate: 6, full: 20 }),
    sizeBytes: howMany({ gate: 8_000_000, full: 24_000_000 }),
    leaseMs: 4_000,
    keepsLocks: true,
  })
})
