import { LaneController } from '#shared/transfer/lane-controller.ts'

const TICK_MS = 50
const OPTIONS = { maxLanes: 8, windowMs: 350, settleMs: 150, holdMs: 3_000 }

/** Runs a copy on a source whose throughput (bytes per ms) depends on the lanes; says what the lanes were, tick by tick. */
function simulate(params: {
  rate: (lanes: number, atMs: number) => number
  ms: number
  maxLanes?: number
  pendingParts?: number
  refuseBeyond?: number
}) {
  const { rate, ms, maxLanes = 8, pendingParts = 1_000, refuseBeyond = Number.POSITIVE_INFINITY } = params
  const controller = new LaneController({ ...OPTIONS, maxLanes })
  const history: number[] = []
  const retreats: number[] = []
  let receivedBytes = 0
  for (let nowMs = 0; nowMs <= ms; nowMs += TICK_MS) {
    if (controller.target > refuseBeyond) controller.refuse(refuseBeyond)
    receivedBytes += rate(controller.target, nowMs) * TICK_MS
    const verdict = controller.observe({ nowMs, receivedBytes, flowingLanes: controller.target, pendingParts })
    if (verdict === 'retreat') retreats.push(nowMs)
    history.push(controller.target)
  }
  return { history, retreats, last: controller.target, receivedBytes }
}

describe('how many lanes', () => {
  test('eight within two seconds where each connection is capped', () => {
    const { history, last, receivedBytes } = simulate({ rate: (lanes) => lanes * 20, ms: 13_000 })
    expect(history.indexOf(8) * TICK_MS).toBeLessThanOrEqual(2_000)
    expect(last).toBe(8)
    // Against one connection over the same time.
    expect(receivedBytes / (13_000 * 20)).toBeGreaterThan(7)
  })

  test('one where a second brings nothing, tried again less and less often', () => {
    const { history, retreats } = simulate({ rate: () => 100, ms: 120_000 })
    const steps = history.filter((lanes, index) => lanes === 2 && history[index - 1] === 1).length
    expect(Math.max(...history)).toBe(2)
    expect(steps).toBeGreaterThan(2)
    expect(steps).toBeLessThan(8)
    expect(retreats).toEqual([])
  })

  test('two where more slow everybody down; whoever is too many leaves at once', () => {
    const rate = (lanes: number): number => (lanes > 2 ? 10 : lanes * 100)
    const { last, retreats, receivedBytes } = simulate({ rate, ms: 20_000 })
    expect(last).toBe(2)
    expect(retreats.length).toBeGreaterThan(0)
    expect(receivedBytes).toBeGreaterThan(20_000 * 100 * 1.7)
  })

  test('never more than the source lets in', () => {
    const { history, last } = simulate({ rate: (lanes) => lanes * 20, ms: 60_000, refuseBeyond: 3 })
    expect(last).toBe(3)
    expect(Math.max(...history.slice(60))).toBe(3)
  })

  test('never more than allowed, and one is allowed', () => {
    expect(Math.max(...simulate({ rate: (lanes) => lanes, ms: 10_000, maxLanes: 3 }).history)).toBe(3)
    expect(Math.max(...simulate({ rate: (lanes) => lanes, ms: 10_000, maxLanes: 1 }).history)).toBe(1)
  })

  test('no more where no part is left for another', () => {
    expect(simulate({ rate: (lanes) => lanes * 20, ms: 10_000, pendingParts: 0 }).last).toBe(1)
  })

  test('fewer when throughput drops and fewer do as well', () => {
    const rate = (lanes: number, atMs: number): number => (atMs < 5_000 ? lanes * 20 : 30)
    const { history } = simulate({ rate, ms: 20_000 })
    expect(Math.max(...history)).toBe(8)
    expect(history.slice(-200).filter((lanes) => lanes === 1).length).toBeGreaterThan(150)
  })

  test('as many as before when throughput drops and fewer do worse', () => {
    const rate = (lanes: number, atMs: number): number => lanes * (atMs < 5_000 ? 20 : 5)
    const { history } = simulate({ rate, ms: 20_000 })
    const late = history.slice(-100)
    expect(late.filter((lanes) => lanes === 8).length).toBeGreaterThan(80)
  })

  test('a lane that never comes to flow does not stop the thinking', () => {
    const controller = new LaneController(OPTIONS)
    let receivedBytes = 0
    for (let nowMs = 0; nowMs < 6_000; nowMs += TICK_MS) {
      receivedBytes += 100 * TICK_MS
      controller.observe({ nowMs, receivedBytes, flowingLanes: 1, pendingParts: 9 })
    }
    expect(controller.target).toBe(1)
  })
})
