import type { Firestore, Query } from '@google-cloud/firestore'
import { startDocumentServer } from '#local/documents/server.ts'
import { findGoogleFirestore, startGoogleFirestore } from '../../../support/google-firestore.ts'
import { clientsOf } from './clients.ts'
import { type Chance, chanceFrom } from './random/chance.ts'
import { comparable } from './random/data.ts'
import { anyAggregation, anyQuery } from './random/queries.ts'
import { anyWrite } from './random/writes.ts'

/** A gate for every change needs the same chance for each; `SEED=…` tries another. */
const fixedSeed = 2_095_349_955
const ROUNDS = 6
const WRITES_A_ROUND = 150
const QUERIES_A_ROUND = 350

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

if (findGoogleFirestore() === null) {
  test("random writes and queries are answered as by Google's emulator", () => {
    console.log('skipped: no gcloud')
  })
} else {
  test("random writes and queries are answered as by Google's emulator", async () => {
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
    const compare = async (about: string, ask: (firestore: Firestore) => Promise<unknown>) => {
      const [our, their] = await Promise.all([answerOf(() => ask(ours)), answerOf(() => ask(theirs))])
      compared++
      if (their.startsWith('refused')) refused++
      if (our !== their) differences.push(`${about}\n  ours   ${our}\n  Google ${their}`)
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (let index = 0; index < WRITES_A_ROUND; index++) {
        const write = anyWrite(chance, chance.percent(80) ? root : `${root}/d1/${root}`)
        await compare(`write ${index} of round ${round}`, (firestore) => write(firestore).then(() => 'written'))
      }
      const whole = (firestore: Firestore) =>
        firestore
          .collectionGroup(root)
          .get()
          .then((found) => found.docs.map((each) => [each.ref.path, comparable(each.data())]))
      await compare(`all documents after round ${round}`, whole)
      const questions = Array.from({ length: QUERIES_A_ROUND }, () => anyQuestion(chance, root))
      // All at once: the official client repeats a query that Google's emulator refuses for seven seconds.
      await Promise.all(questions.map(({ about, ask }) => compare(about(ours), ask)))
    }
    console.log(`${compared} compared, ${refused} of them refused by Google`)
    await Promise.all(clients.map((each) => each.close()))
    await Promise.all([local.close(), google.close()])
    expect(differences.slice(0, 5).join('\n\n')).toBe('')
    // A control: a run in which nothing succeeds, or nothing is refused, compares nothing.
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(compared / 2)
  }, 600_000)
}
