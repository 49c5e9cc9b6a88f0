import { testCrashes } from './crashes.ts'
import { photoArchive } from './photo-archives.ts'

testCrashes('an archive', async (world) => world.serve(await photoArchive(4)))
