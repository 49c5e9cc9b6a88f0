import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'

/** Left to everybody else. */
const SPARE_BYTES = 2 * 1024 ** 3

/** The size, or a half, quarter … of it, so that the temporary folder can hold `copies` of such a file. */
export async function fitToDisk(sizeBytes: number, copies: number, note: (text: string) => void): Promise<number> {
  const { bavail, bsize } = await statfs(tmpdir())
  let fitting = sizeBytes
  while (fitting > 1 && fitting * copies + SPARE_BYTES > bavail * bsize) fitting = Math.floor(fitting / 2)
  if (fitting < sizeBytes) note(`The disk is too full for ${sizeBytes} bytes; ${fitting} are copied instead.`)
  return fitting
}
