/** Opcodes that a pickle of protocol 2 and up can have after its `PROTO n` (Python's pickletools). */
const firstOpcodes = new Set(
  [...'(])}{lctdNKMJIGFXUTSVBCL', '\x80', '\x88', '\x89', '\x8a', '\x8c', '\x8f', '\x95'].map((c) => c.charCodeAt(0)),
)

/** Protocols 0 and 1 have no mark of their own: a global (`cmodule\nname\n`), an instance, or a marked list or dict with its memo. */
const oldPickle =
  /^(c[A-Za-z_][\w.]*\r?\n[A-Za-z_][\w.]*\r?\n|\((i[A-Za-z_][\w.]*\r?\n|[dl]p\d+\r?\n|[dl]q|c[A-Za-z_][\w.]*\r?\n))/

/** A bare pickle stream: also PyTorch's files from 0.4 to 1.5, which are several pickles one after another. */
export function startsPickle(head: Buffer): boolean {
  const [proto, version, opcode] = head
  if (proto === 0x80 && version !== undefined && version >= 2 && version <= 5) {
    return opcode === undefined || firstOpcodes.has(opcode)
  }
  return oldPickle.test(head.toString('latin1', 0, 256))
}

const localHeader = Buffer.from('PK\x03\x04', 'latin1')
const localHeaderBytes = 30

/** A zip with a pickle among the entries that its start shows: PyTorch since 1.6, whose first entry is `{name}/data.pkl`. */
export function startsTorchZip(head: Buffer): boolean {
  // Looked for and not walked: sizes may stand behind the data (a zip that was streamed), and this way they needn't be believed.
  let at = head.indexOf(localHeader)
  while (at !== -1 && at + localHeaderBytes <= head.length) {
    const nameBytes = head.readUInt16LE(at + 26)
    const name = head.toString('latin1', at + localHeaderBytes, at + localHeaderBytes + nameBytes)
    if (/\.(pkl|pickle)$/i.test(name)) return true
    at = head.indexOf(localHeader, at + localHeaderBytes)
  }
  return false
}

/** PyTorch before 0.4: a tar of these four, whichever comes first. */
const torchTarMembers = new Set(['sys_info', 'pickle', 'storages', 'tensors'])

export function startsTorchTar(head: Buffer): boolean {
  if (head.length < 512) return false
  const name = head.toString('latin1', 0, 100)
  const end = name.indexOf('\0')
  return end > 0 && torchTarMembers.has(name.slice(0, end).replace(/^\.\//, '').replace(/\/$/, ''))
}
