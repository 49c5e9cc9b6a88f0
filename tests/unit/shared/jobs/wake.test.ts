import { taskName } from '#shared/jobs/wake.ts'

const at = (ms: number) => ({ jobId: 'abc', fence: 2, at: new Date(1_700_000_000_000 + ms) })

test('the same wake asked for twice is one task', () => {
  expect(taskName(at(10))).toBe(taskName(at(90)))
})

test('a wake now and one for later in the same second are two, as are wakes of another claim', () => {
  const names = [taskName(at(0)), taskName(at(800)), taskName({ ...at(0), fence: 3 })]
  expect(new Set(names).size).toBe(3)
  for (const name of names) expect(name).toMatch(/^[\w-]{1,500}$/)
})
