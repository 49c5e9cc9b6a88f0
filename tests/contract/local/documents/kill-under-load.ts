import { runProgram } from './programs/run.ts'
import { rawClient } from './raw-client.ts'

const DATABASE = 'projects/contract/databases/(default)'
const ROOT = `${DATABASE}/documents`
const WRITERS = 8

/** What was acknowledged by servers that were killed while they wrote. */
export interface Acknowledged {
  /** Pairs `left/dN` and `right/dN` that one commit made. */
  pairs: Set<number>
  /** The last number that each writer wrote to both its documents, `left/wN` and `right/wN`. */
  last: Map<number, number>
  kills: number
}

/**
 * Kills a server of `dataDir` again and again while eight writers are at work, each time after so many acknowledged commits. A
 * call is made once: what the server did not acknowledge is not counted.
 */
export async function killUnderLoad(
  dataDir: string,
  options: { kills: number; commitsEach: number },
): Promise<Acknowledged> {
  const acknowledged: Acknowledged = { pairs: new Set(), last: new Map(), kills: 0 }
  let next = 0
  for (let round = 0; round < options.kills; round++) {
    const server = await runProgram('server', [dataDir])
    const api = rawClient(server.line)
    let count = 0
    let killed: Promise<void> | null = null
    const write = async (writer: number) => {
      while (killed === null) {
        const number = next++
        // One new pair and the writer's own, which is written again and again.
        const writes = [`d${number}`, `w${writer}`].flatMap((id) =>
          ['left', 'right'].map((side) => ({
            update: { name: `${ROOT}/${side}/${id}`, fields: { number: { integerValue: String(number) } } },
          })),
        )
        const isWritten = await api.call('Commit', { database: DATABASE, writes }).then(
          () => true,
          () => false,
        )
        if (!isWritten) return
        acknowledged.pairs.add(number)
        acknowledged.last.set(writer, number)
        if (++count === options.commitsEach) killed = server.kill()
      }
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
    // Without a kill the writers ended for another reason, and the round has shown nothing.
    if (killed === null) throw new Error(`The server failed in round ${round} before it was killed.`)
    await killed
    acknowledged.kills++
    api.close()
  }
  return acknowledged
}

export interface Losses {
  /** Acknowledged commits that are missing, or older than acknowledged. */
  lost: string[]
  /** Documents whose other half is missing or another. */
  torn: string[]
  documents: number
}

/** Compares what was acknowledged with what a server has that was started after all that. */
export async function findLosses(
  acknowledged: Acknowledged,
  /** The numbers of a collection by document. */
  read: (collection: string) => Promise<Map<string, number>>,
): Promise<Losses> {
  const [left, right] = await Promise.all([read('left'), read('right')])
  const torn = [...new Set([...left.keys(), ...right.keys()])].filter((id) => left.get(id) !== right.get(id))
  const lost = [...acknowledged.pairs].map((number) => `d${number}`).filter((id) => !left.has(id))
  for (const [writer, number] of acknowledged.last) {
    if ((left.get(`w${writer}`) ?? -1) < number) lost.push(`w${writer}`)
  }
  return { lost, torn, documents: left.size }
}
