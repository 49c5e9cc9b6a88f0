import { testCrashes } from './crashes.ts'
import { photos } from './photo-archives.ts'

testCrashes('uploads', 1, async (world) => await world.upload(await photos(4)))
