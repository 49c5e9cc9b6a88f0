import { findFrame } from '../../../../../../../services/image-worker/providers/local/segmentation/crop-bars.ts'

function paint(width: number, height: number, isBar: (x: number, y: number) => boolean): Uint8Array {
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isBar(x, y)) rgb.set([60 + ((x * 37) % 150), 80 + ((y * 53) % 150), 120], (y * width + x) * 3)
    }
  }
  return rgb
}

test('finds the picture between black bars above and below', () => {
  const frame = findFrame(
    paint(80, 60, (_x, y) => y < 10 || y >= 50),
    80,
    60,
  )
  // One line more is given up on each side, since it may be blurred into the bar.
  expect(frame).toEqual({ left: 0, top: 11, width: 80, height: 38 })
})

test('takes a plain backdrop around a subject for no bar', () => {
  const rgb = paint(80, 60, (x, y) => Math.hypot(x - 40, y - 30) > 15)
  expect(findFrame(rgb, 80, 60)).toEqual({ left: 0, top: 0, width: 80, height: 60 })
})

test('leaves a flat picture and one of a single pixel whole', () => {
  expect(findFrame(new Uint8Array(30 * 20 * 3), 30, 20)).toEqual({ left: 0, top: 0, width: 30, height: 20 })
  expect(findFrame(new Uint8Array(3), 1, 1)).toEqual({ left: 0, top: 0, width: 1, height: 1 })
})
