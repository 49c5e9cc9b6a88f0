import { conjunctions, withoutNever, withoutRepeats } from '#local/documents/queries/normal-form.ts'
import { type ComparisonOperator, type FieldFilter, type Filter, fieldFilters } from '#local/documents/queries/query.ts'
import { double, integer, NULL, type Value } from '#local/documents/values/value.ts'

const is = (field: string, operator: ComparisonOperator, value: Value): FieldFilter => {
  return { kind: 'field', field: [field], operator, value }
}
const list = (...values: Value[]): Value => ({ type: 'array', values })
const equal = (field: string, value: number) => is(field, '==', integer(BigInt(value)))
const and = (...filters: Filter[]): Filter => ({ kind: 'and', filters })
const or = (...filters: Filter[]): Filter => ({ kind: 'or', filters })
const one = integer(1n)
const two = integer(2n)

/** `a=1 b=2` for each alternative. */
const inWords = (filter: Filter) =>
  conjunctions(filter)?.map((term) =>
    term
      .map(({ field, value }) => `${field[0]}=${value.type === 'integer' ? value.value : value.type}`)
      .sort()
      .join(' '),
  )

describe('the normal form', () => {
  test('multiplies alternatives out, those of a list too', () => {
    expect(inWords(and(is('a', 'in', list(one, two)), or(equal('b', 1), equal('c', 1))))).toEqual([
      'a=1 b=1',
      'a=1 c=1',
      'a=2 b=1',
      'a=2 c=1',
    ])
  })

  test('has each alternative once, in whatever order its filters stand', () => {
    const choice = or(equal('a', 1), equal('a', 2))
    expect(inWords(and(choice, choice))).toEqual(['a=1', 'a=1 a=2', 'a=2'])
    expect(inWords(or(and(equal('a', 1), equal('b', 1)), and(equal('b', 1), equal('a', 1))))).toEqual(['a=1 b=1'])
  })

  test('is given up where it would be beyond number', () => {
    const choices = Array.from({ length: 60 }, (_, n) => or(equal(`f${n}`, 1), equal(`f${n}`, 2)))
    expect(conjunctions(and(...choices))).toBeNull()
  })
})

test('a filter keeps one of those that mean the same, and apart 1 and 1.0, 0 and -0', () => {
  const kept = (filter: Filter) => fieldFilters(withoutRepeats(filter)).length
  expect(kept(and(equal('a', 1), equal('b', 1), equal('a', 1)))).toBe(2)
  expect(kept(and(is('a', 'in', list(one, two)), is('a', 'in', list(two, one, two))))).toBe(1)
  expect(kept(and(or(equal('a', 1), equal('b', 1)), or(equal('b', 1), equal('a', 1))))).toBe(2)
  expect(kept(and(equal('a', 1), is('a', '==', double(1))))).toBe(2)
  expect(kept(and(is('a', '==', double(0)), is('a', '==', double(-0))))).toBe(2)
})

describe('what can never hold', () => {
  const never: [string, FieldFilter][] = (['==', '<', '<=', '>', '>=', '!='] as const).map((operator) => [
    `${operator} null`,
    is('a', operator, NULL),
  ])
  for (const operator of ['==', '<', '<=', '>', '>='] as const) {
    never.push([`${operator} NaN`, is('a', operator, double(Number.NaN))])
  }
  never.push(['not-in null alone', is('a', 'not-in', list(NULL))])

  test.each(never)('%s becomes a choice between no values', (_, filter) => {
    expect(fieldFilters(withoutNever(or(filter, equal('b', 1)))).map(({ operator }) => operator)).toEqual(['in', '=='])
  })

  test('all but null is unlike NaN', () => {
    expect(withoutNever(is('a', '!=', double(Number.NaN)))).toMatchObject({ operator: 'is-not-null' })
    expect(withoutNever(is('a', 'not-in', list(double(Number.NaN))))).toMatchObject({ operator: 'is-not-null' })
  })
})
