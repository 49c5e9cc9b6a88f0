import { pollUntil } from '../../../cli/api/poll-until.ts'
import { FinalError, TransientError } from '../../../shared/errors/app-error.ts'

const unreachable = new FinalError({ code: 'forge.nobody-there', message: 'Nothing answers.' })
const busy = new TransientError({ code: 'http.status', message: 'Busy.' })
const refused = new FinalError({ code: 'auth.denied', message: 'No.' })

/** Answers in their order, the last one for ever; waiting moves the clock. */
function follow(...answers: (string | Error)[]) {
  let nowMs = 0
  let asked = 0
  const seen: string[] = []
  const ask = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? ''
    if (typeof answer !== 'string') throw answer
    return answer
  }
  const end = pollUntil({ isLocal: false }, ask, {
    isOver: (record) => record === 'done',
    onChange: (record) => void seen.push(record),
    signal: new AbortController().signal,
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms
    },
  })
  return { end, seen, elapsedMs: () => nowMs }
}

test('a machine that was without its network for a minute sees the end', async () => {
  const { end, seen } = follow('copying', ...Array.from({ length: 30 }, () => unreachable), busy, 'copying', 'done')
  expect(await end).toBe('done')
  expect(seen).toEqual(['copying', 'copying', 'done'])
})

test('an API that stays away is told after two minutes, a refusal at once', async () => {
  const away = follow('copying', unreachable)
  await expect(away.end).rejects.toBe(unreachable)
  expect(away.elapsedMs()).toBe(120_000)
  const denied = follow('copying', refused)
  await expect(denied.end).rejects.toBe(refused)
  expect(denied.elapsedMs()).toBe(2_000)
})
