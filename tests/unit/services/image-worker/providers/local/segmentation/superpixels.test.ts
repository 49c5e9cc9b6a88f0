import { toLabPlanes } from '../../../../../../../services/image-worker/providers/local/segmentation/lab-planes.ts'
import { cutIntoSuperpixels } from '../../../../../../../services/image-worker/providers/local/segmentation/superpixels.ts'
import { seededRandom } from '../../../../../../support/seeded-random.ts'

// What comes after it takes time and memory by the square and the cube of their number.
test.each([
  [320, 250],
  [2000, 40],
  [80_000, 1],
  [1, 80_000],
  [3, 1],
  [1, 1],
])('a picture of %d × %d has as many patches as were asked for, or fewer', (width, height) => {
  const random = seededRandom(7)
  const rgb = Uint8Array.from({ length: width * height * 3 }, () => Math.floor(random() * 256))
  const { count, labels } = cutIntoSuperpixels(toLabPlanes(rgb, width, height), 350)
  expect(count).toBeGreaterThanOrEqual(1)
  expect(count).toBeLessThanOrEqual(385)
  expect(Math.max(...new Set(labels))).toBe(count - 1)
})
