import { testCrashes } from './crashes.ts'
import { photoArchive } from './photo-archives.ts'

testCrashes('an archive', 2, async (world) => world.serve(await photoArchive(4)))
