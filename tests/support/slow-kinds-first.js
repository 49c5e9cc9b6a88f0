// The order of suites. Jest takes the largest file first where it has no timings yet; here a file of ten lines may kill a service twenty
// times, and begun last it would leave the other worker without work for half a minute.
import TestSequencer from '@jest/test-sequencer'

const kinds = ['chaos', 'e2e', 'integration/services', 'integration', 'deploy', 'contract', 'unit']

/** @param {{ path: string }} test */
function rank({ path }) {
  const place = kinds.findIndex((kind) => path.includes(`/tests/${kind}/`))
  return place < 0 ? kinds.length : place
}

export default class SlowKindsFirst extends TestSequencer {
  /** @param {Parameters<InstanceType<typeof TestSequencer>['sort']>[0]} tests */
  async sort(tests) {
    const byTime = await super.sort(tests)
    return byTime.toSorted((a, b) => rank(a) - rank(b))
  }
}
