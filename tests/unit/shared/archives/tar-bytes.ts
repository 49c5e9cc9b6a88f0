/** The two empty blocks that end a TAR. */
export const endOfTar = Buffer.alloc(1024)

/** A member by the format's text (POSIX ustar), independently of any writer; `size` is what its header says instead of the truth. */
export function tarMember(name: string, content: Buffer, type = '0', size?: number | Buffer): Buffer {
  const head = Buffer.alloc(512)
  head.write(name.slice(0, 100))
  if (Buffer.isBuffer(size)) size.copy(head, 124)
  else head.write(`${(size ?? content.length).toString(8).padStart(11, '0')}\0`, 124)
  head.write(`        ${type}`, 148)
  head.write('ustar\x0000', 257, 'latin1')
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([head, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}
