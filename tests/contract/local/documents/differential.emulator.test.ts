import type { Firestore, Query } from '@google-cloud/firestore'
import { startDocumentServer } from '#local/documents/server.ts'
import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { howMany } from '../../../support/how-many.ts'
import { clientsOf } from './clients.ts'
import { type Chance, chanceFrom } from './random/chance.ts'
import { comparable } from './random/data.ts'
import { type Followed, follow } from './random/listeners.ts'
import { anyAggregation, anyQuery } from './random/queries.ts'
import { anyTransaction } from './random/transactions.ts'
import { anyWrite } from './random/writes.ts'

/** A gate for every change needs the same chance for each; `SEED=…` tries another. */
const fixedSeed = 2_095_349_955
/** FULL=1: more than 3,000 operations. */
const ROUNDS = howMany({ gate: 2, full: 6 })
const WRITES_A_ROUND = 130
const QUERIES_A_ROUND = 260
const TRANSACTIONS_A_ROUND = 20
const LISTENERS_A_ROUND = 8
const WRITES_THAT_ARE_HEARD = 10
/** Transactions that want the same document at once: slow with Google's emulator. */
const RIVALS = 2

/** What a server answered, so that two answers can be compared: data, or the status of a refusal. */
async function answerOf(ask: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await ask())
  } catch (error) {
    // Without a code the client refused it before any server saw it.
    return `refused: ${error instanceof Error && 'code' in error ? error.code : 'by the client'}`
  }
}

type Question = { about: (firestore: Firestore) => string; ask: (firestore: Firestore) => Promise<unknown> }

/** The query as it goes over the wire; the client's own refusal where it makes none. */
function describeQuery(build: () => Query): string {
  try {
    const query = build() as Query & { toProto(): unknown }
    return JSON.stringify(query.toProto())
  } catch (error) {
    return String(error)
  }
}

function anyQuestion(chance: Chance, root: string): Question {
  const build = anyQuery(chance, root)
  const aggregation = chance.percent(15) ? anyAggregation(chance) : null
  return {
    about: (firestore) => `${JSON.stringify(aggregation ?? 'query')} ${describeQuery(() => build(firestore))}`,
    async ask(firestore) {
      const query = build(firestore)
      if (aggregation !== null) return (await query.aggregate(aggregation).get()).data()
      return (await query.get()).docs.map((each) => [each.ref.path, comparable(each.data())])
    },
  }
}

type Compare = (about: string, ask: (firestore: Firestore) => Promise<unknown>) => Promise<void>

/** Listeners of both servers, each told of the same writes: after every write all have heard the same. */
async function compareListeners(
  round: number,
  chance: Chance,
  root: string,
  compare: Compare,
  writeOne: (about: string) => Promise<void>,
): Promise<void> {
  const followed = Array.from({ length: LISTENERS_A_ROUND }, () => {
    // The official client fails over a listener whose projection lacks a field of its order, and is never told of anything.
    const build = anyQuery(chance, root, { projections: false })
    return { build, ends: new Map<Firestore, Followed>() }
  })
  for (let index = 0; index <= WRITES_THAT_ARE_HEARD; index++) {
    if (index > 0) await writeOne(`write ${index} that is heard in round ${round}`)
    await Promise.all(
      followed.map(({ build, ends }, number) =>
        compare(`listener ${number} of round ${round} after write ${index}`, async (firestore) => {
          const end = ends.get(firestore) ?? follow(firestore, build)
          ends.set(firestore, end)
          return end.settled()
        }),
      ),
    )
  }
  for (const { ends } of followed) for (const end of ends.values()) end.stop()
}

async function countByRivals(firestore: Firestore, path: string): Promise<unknown> {
  const increment = () =>
    firestore.runTransaction(
      async (transaction) => {
        const n: number = (await transaction.get(firestore.doc(path))).get('n') ?? 0
        transaction.set(firestore.doc(path), { n: n + 1 })
      },
      { maxAttempts: 20 },
    )
  await Promise.all(Array.from({ length: RIVALS }, increment))
  return (await firestore.doc(path).get()).data()
}

if (findGoogleFirestore() === null) {
  test("random writes, queries, transactions and listeners are answered as by Google's emulator", () => {
    console.log('skipped: no gcloud')
  })
} else {
  test("random writes, queries, transactions and listeners are answered as by Google's emulator", async () => {
    const seed = Number(process.env.SEED ?? fixedSeed)
    console.log(`seed ${seed}: SEED=${seed} runs it again`)
    const chance = chanceFrom(seed)
    const root = `random-${seed}`
    const google = await startGoogleFirestore()
    const local = await startDocumentServer({ port: 0, dataDir: null })
    const clients = [clientsOf(local.host), clientsOf(google.host)]
    const [ours, theirs] = clients.map((each) => each.newClient()) as [Firestore, Firestore]
    const differences: string[] = []
    let refused = 0
    let compared = 0
    const compare: Compare = async (about, ask) => {
      const [our, their] = await Promise.all([answerOf(() => ask(ours)), answerOf(() => ask(theirs))])
      compared++
      if (their.startsWith('refused')) refused++
      if (our !== their) differences.push(`${about}\n  ours   ${our}\n  Google ${their}`)
    }
    const anyRoot = () => (chance.percent(80) ? root : `${root}/d1/${root}`)
    const writeOne = async (about: string) => {
      const write = anyWrite(chance, anyRoot())
      await compare(about, (firestore) => write(firestore).then(() => 'written'))
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (let index = 0; index < WRITES_A_ROUND; index++) await writeOne(`write ${index} of round ${round}`)
      for (let index = 0; index < TRANSACTIONS_A_ROUND; index++) {
        await compare(`transaction ${index} of round ${round}`, anyTransaction(chance, anyRoot()))
      }
      const whole = (firestore: Firestore) =>
        firestore
          .collectionGroup(root)
          .get()
          .then((found) => found.docs.map((each) => [each.ref.path, comparable(each.data())]))
      await compare(`all documents after round ${round}`, whole)
      await compareListeners(round, chance, root, compare, writeOne)
      const questions = Array.from({ length: QUERIES_A_ROUND }, () => anyQuestion(chance, root))
      // All at once: the official client repeats a query that Google's emulator refuses for seven seconds.
      await Promise.all(questions.map(({ about, ask }) => compare(about(ours), ask)))
    }
    await compare('rivals for one document', (firestore) => countByRivals(firestore, `${root}-rivals/counter`))
    console.log(`${compared} compared, ${refused} of them refused by Google`)
    await Promise.all(clients.map((each) => each.close()))
    await Promise.all([local.close(), google.close()])
    // Not compared with '': a diff of such long lines takes Jest minutes.
    if (differences.length > 0)
      throw new Error(`${differences.length} differences:\n${differences.slice(0, 5).join('\n\n')}`)
    // A control: a run in which nothing succeeds, or nothing is refused, compares nothing.
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(compared / 2)
  }, 600_000)
}
