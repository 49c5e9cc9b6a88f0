import { archiveError } from './archive-error.ts'
import { ByteCursor } from './byte-cursor.ts'
import { checkEntryName } from './entry-names.ts'
import { blockBytes, parsePax, parseTarHeader, readDecimal, readText, type TarHeader } from './tar-header.ts'

export interface TarLimits {
  maxEntries: number
  /** Of the wanted file. */
  maxFileBytes: number
  /** Of the whole archive, what is passed over included. */
  maxTotalBytes: number
}

export interface TarFile {
  name: string
  sizeBytes: number
  /** To be read to its end: only that proves that the archive is whole and holds no second such file. */
  chunks: AsyncGenerator<Buffer, void, undefined>
}

interface Member extends TarHeader {
  isSparse: boolean
}

/** Names and PAX records; nobody's path is longer. */
const maxExtensionBytes = 64 * 1024

/**
 * Finds one file in a TAR as it streams by: the one called `fileName`, in whatever folder. Nothing else is
 * kept, nothing is written anywhere.
 * @throws FinalError `archive.missing`, `.truncated`, `.damaged`, `.bad-name`, `.link`, `.special-file`, `.empty`,
 * `.entry-too-large`, `.too-large`, `.too-many-entries`; while reading also `.ambiguous`. What `chunks` throws comes out as it is.
 */
export async function openTarFile(params: {
  chunks: AsyncIterable<Uint8Array>
  fileName: string
  limits: TarLimits
}): Promise<TarFile> {
  const members = new Members(params.chunks, params.limits)
  try {
    const found = await findNext(members, params.fileName)
    if (found === null) throw archiveError('missing', `does not hold ${params.fileName}`)
    checkWanted(found, params.limits)
    return { name: found.name, sizeBytes: found.sizeBytes, chunks: readOn(members, found, params.fileName) }
  } catch (error) {
    await members.cursor.close()
    throw error
  }
}

async function* readOn(members: Members, found: Member, fileName: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* members.cursor.pieces(found.sizeBytes)
    await members.cursor.skip(padding(found.sizeBytes))
    if ((await findNext(members, fileName)) !== null) throw archiveError('ambiguous', `holds ${fileName} twice`)
  } finally {
    await members.cursor.close()
  }
}

async function findNext(members: Members, fileName: string): Promise<Member | null> {
  for (;;) {
    const member = await members.next()
    if (member === null || (member.type !== '5' && member.name.split('/').at(-1) === fileName)) return member
    await members.cursor.skip(member.sizeBytes + padding(member.sizeBytes))
  }
}

function checkWanted(member: Member, limits: TarLimits): void {
  const facts = { name: member.name, sizeBytes: member.sizeBytes }
  checkEntryName(member.name)
  if (member.type === '1' || member.type === '2') throw archiveError('link', 'holds a link in place of the file', facts)
  if (member.isSparse || !['0', '7'].includes(member.type)) {
    throw archiveError('special-file', 'holds the file in a form that we do not read', facts)
  }
  if (member.sizeBytes === 0) throw archiveError('empty', 'holds the file without a byte', facts)
  if (member.sizeBytes > limits.maxFileBytes)
    throw archiveError('entry-too-large', 'holds a file that is too large', facts)
}

/** The members one by one, each with its extension headers (GNU long names, PAX) applied. */
class Members {
  readonly cursor: ByteCursor
  readonly #limits: TarLimits
  #count = 0
  #totalBytes = 0

  constructor(chunks: AsyncIterable<Uint8Array>, limits: TarLimits) {
    this.cursor = new ByteCursor(chunks)
    this.#limits = limits
  }

  /** Null at the end mark, which every whole archive has. The caller takes or skips the bytes. */
  async next(): Promise<Member | null> {
    let longName: string | null = null
    let pax = new Map<string, string>()
    for (;;) {
      const header = parseTarHeader(await this.cursor.take(blockBytes))
      if (header === null) return null
      this.#count += 1
      if (this.#count > this.#limits.maxEntries) throw archiveError('too-many-entries', 'holds too many files')
      this.#add(blockBytes)
      if (header.type === 'L') longName = readText(await this.#extension(header))
      else if (header.type === 'x') pax = parsePax(await this.#extension(header))
      else if (header.type === 'K' || header.type === 'g') await this.#extension(header)
      else return this.#member(header, { longName, pax })
    }
  }

  #member(header: TarHeader, said: { longName: string | null; pax: ReadonlyMap<string, string> }): Member {
    const size = said.pax.get('size')
    const sizeBytes = size === undefined ? header.sizeBytes : readDecimal(size)
    // Programs differ in whether a link's bytes follow; with none there is nothing to differ about.
    if (['1', '2'].includes(header.type) && sizeBytes > 0) throw archiveError('link', 'holds a link that has bytes')
    this.#add(sizeBytes)
    return {
      type: header.type,
      name: (said.pax.get('path') ?? said.longName ?? header.name).replace(/^(\.\/)+/, ''),
      sizeBytes,
      isSparse: header.type === 'S' || [...said.pax.keys()].some((key) => key.startsWith('GNU.sparse')),
    }
  }

  async #extension(header: TarHeader): Promise<Buffer> {
    if (header.sizeBytes > maxExtensionBytes) throw archiveError('bad-name', 'holds a file whose name is too long')
    this.#add(header.sizeBytes)
    const bytes = await this.cursor.take(header.sizeBytes)
    await this.cursor.skip(padding(header.sizeBytes))
    return bytes
  }

  #add(bytes: number): void {
    this.#totalBytes += bytes
    if (this.#totalBytes > this.#limits.maxTotalBytes) throw archiveError('too-large', 'is too large')
  }
}

/** Members begin at whole blocks. */
function padding(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}
