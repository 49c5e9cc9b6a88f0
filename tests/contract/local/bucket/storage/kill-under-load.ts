import { clientOf } from '../bucket-server.ts'
import { spawnServer } from './spawned-server.ts'

const WRITERS = 8

/** The number whose content an object has, by its name, for every write that was acknowledged last. */
export interface Acknowledged {
  written: Map<string, number>
  kills: number
}

/** Each object's content is its number repeated: a torn or swapped one cannot pass the checksum and the comparison. */
export function contentOf(number: number): Buffer {
  return Buffer.alloc(40_000 + (number % 5_000), String(number).padStart(8, '0'))
}

/** Kills a server of `dataDir` again and again while eight writers are at work, each time after so many acknowledged writes. */
export async function killUnderLoad(
  dataDir: string,
  options: { kills: number; writesEach: number },
): Promise<Acknowledged> {
  const acknowledged: Acknowledged = { written: new Map(), kills: 0 }
  let next = 0
  for (let round = 0; round < options.kills; round++) {
    const server = await spawnServer(dataDir, 'fsync')
    const bucket = clientOf(server.url).bucket('uploads')
    let count = 0
    let killed: Promise<void> | null = null
    const write = async (writer: number): Promise<void> => {
      while (killed === null) {
        const number = next++
        // Half of the names are new, half are overwritten again and again.
        const name = number % 2 === 0 ? `object-${number}` : `writer-${writer}`
        const isWritten = await bucket
          .file(name)
          .save(contentOf(number), { resumable: writer % 2 === 0 })
          .then(
            () => true,
            () => false,
          )
        if (isWritten) acknowledged.written.set(name, number)
        // The answer got lost, not necessarily the write: an overwrite may be the old or the new one.
        else return void acknowledged.written.delete(name)
        if (++count === options.writesEach) killed = server.kill()
      }
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
    if (killed === null) throw new Error(`The server failed in round ${round} before it was killed.`)
    await killed
    acknowledged.kills++
  }
  return acknowledged
}

/** Reads everything back from a server at `url`: what is missing, and what is not whole or not what was acknowledged. */
export async function findLosses(
  { written }: Acknowledged,
  url: string,
): Promise<{ lost: string[]; torn: string[]; objects: number }> {
  const [files] = await clientOf(url).bucket('uploads').getFiles()
  const torn: string[] = []
  for (const file of files) {
    const [bytes] = await file.download({ validation: 'crc32c' })
    const expected = written.get(file.name) ?? Number(bytes.subarray(0, 8).toString())
    if (!bytes.equals(contentOf(expected))) torn.push(file.name)
  }
  const names = new Set(files.map(({ name }) => name))
  return { lost: [...written.keys()].filter((name) => !names.has(name)), torn, objects: files.length }
}
