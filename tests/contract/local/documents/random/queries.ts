import { AggregateField, FieldPath, Filter, type Firestore, type Query } from '@google-cloud/firestore'
import { type Chance, chanceFrom } from './chance.ts'
import { anyValue, DOCUMENT_IDS, FIELDS } from './data.ts'

const OPERATORS = ['<', '<=', '>', '>=', '==', '!=', 'in', 'not-in', 'array-contains', 'array-contains-any'] as const
type Operator = (typeof OPERATORS)[number]

/** One filter, bound to data and not to a client, so that both clients get the same. */
type Where = { field: string; operator: Operator; value: (firestore: Firestore) => unknown }
type Tree = Where | { any: boolean; parts: Tree[] }

/** A query that can be built for any client. Seeded: two clients, one query. */
export function anyQuery(chance: Chance, root: string, { projections = true } = {}): (firestore: Firestore) => Query {
  const steps: ((query: Query, firestore: Firestore) => Query)[] = []
  const filters = chance.integer(3)
  for (let index = 0; index < filters; index++) {
    const tree = anyTree(chance, root, chance.percent(25) ? 2 : 0)
    steps.push((query, firestore) => query.where(toFilter(tree, firestore)))
  }
  const orders = chance.percent(40) ? 1 + chance.integer(2) : 0
  for (let index = 0; index < orders; index++) {
    const field = chance.percent(10) ? FieldPath.documentId() : chance.pick(FIELDS)
    const direction = chance.pick(['asc', 'desc'] as const)
    steps.push((query) => query.orderBy(field, direction))
  }
  if (orders > 0 && chance.percent(40)) {
    const bound = chance.pick(['startAt', 'startAfter', 'endAt', 'endBefore'] as const)
    const value = seededValue(chance, root)
    steps.push((query, firestore) => query[bound](value(firestore)))
  }
  if (chance.percent(30)) {
    const limit = 1 + chance.integer(5)
    const last = orders > 0 && chance.percent(30)
    steps.push((query) => (last ? query.limitToLast(limit) : query.limit(limit)))
  }
  if (chance.percent(15)) {
    const offset = chance.integer(4)
    steps.push((query) => query.offset(offset))
  }
  if (chance.percent(10) && projections) steps.push((query) => query.select('a', 'm.x'))
  const group = chance.percent(15)
  return (firestore) => {
    const start: Query = group
      ? firestore.collectionGroup(root.split('/').at(-1) as string)
      : firestore.collection(root)
    return steps.reduce((query, step) => step(query, firestore), start)
  }
}

export function anyAggregation(chance: Chance): Record<string, AggregateField<number | null>> {
  const field = chance.pick(FIELDS)
  return chance.pick([
    { n: AggregateField.count() },
    { s: AggregateField.sum(field) },
    { v: AggregateField.average(field) },
    { n: AggregateField.count(), s: AggregateField.sum(field), v: AggregateField.average(field) },
  ])
}

function anyTree(chance: Chance, root: string, depth: number): Tree {
  if (depth > 0 && chance.percent(60)) {
    const parts = Array.from({ length: 1 + chance.integer(3) }, () => anyTree(chance, root, depth - 1))
    return { any: chance.percent(70), parts }
  }
  const operator = chance.percent(50) ? '==' : chance.pick(OPERATORS)
  const field = chance.percent(4) ? '__name__' : chance.percent(20) ? 'list' : chance.pick(FIELDS)
  const single = () => (field === '__name__' ? seededName(chance, root) : seededValue(chance, root))
  if (operator !== 'in' && operator !== 'not-in' && operator !== 'array-contains-any') {
    return { field, operator, value: single() }
  }
  const values = Array.from({ length: 1 + chance.integer(3) }, single)
  return { field, operator, value: (firestore) => values.map((value) => value(firestore)) }
}

function toFilter(tree: Tree, firestore: Firestore): Filter {
  if ('parts' in tree) {
    const parts = tree.parts.map((part) => toFilter(part, firestore))
    return tree.any ? Filter.or(...parts) : Filter.and(...parts)
  }
  const field = tree.field === '__name__' ? FieldPath.documentId() : tree.field
  return Filter.where(field, tree.operator, tree.value(firestore))
}

function seededName(chance: Chance, root: string): (firestore: Firestore) => unknown {
  const id = chance.pick(DOCUMENT_IDS)
  return (firestore) => firestore.doc(`${root}/${id}`)
}

/** The same value for each client; references belong to the client that asks. */
function seededValue(chance: Chance, root: string): (firestore: Firestore) => unknown {
  if (chance.percent(70)) {
    const value = chance.pick([1, 2, 3, 'a', 'b', 1.5])
    return () => value
  }
  const seed = chance.integer(2 ** 31)
  return (firestore) => anyValue(chanceFrom(seed), firestore, root)
}
