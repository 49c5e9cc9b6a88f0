// Processes that tests start begin sooner.
import './tools/from-source.js'

const shared = {
  rootDir: '.',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tests/support/transform.js' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.forge/'],
}

export default {
  testTimeout: 60_000,
  // Two cores are what CI has; more workers only make the timings of servers and processes less steady.
  maxWorkers: 2,
  // Modules that a suite has loaded are never collected. A worker that has run dozens spends a quarter of its time on looking through them,
  // and stands still for a second now and then: a new one takes over before.
  workerIdleMemoryLimit: '600MB',
  testSequencer: '<rootDir>/tests/support/slow-kinds-first.js',
  projects: [
    {
      ...shared,
      displayName: 'default',
      testMatch: ['<rootDir>/tests/**/*.test.ts'],
      testPathIgnorePatterns: ['\\.(emulator|clamd|long|terminal|timed)\\.test\\.ts$'],
    },
    // Many faults, orders and chances of one kind: what would make the default suite too slow to be run often.
    { ...shared, displayName: 'long', testMatch: ['<rootDir>/tests/**/*.long.test.ts'] },
    { ...shared, displayName: 'emulator', testMatch: ['<rootDir>/tests/**/*.emulator.test.ts'] },
    { ...shared, displayName: 'clamd', testMatch: ['<rootDir>/tests/**/*.clamd.test.ts'] },
    // What is judged by the clock alone: nothing may run beside it.
    { ...shared, displayName: 'timed', testMatch: ['<rootDir>/tests/**/*.timed.test.ts'] },
    // forge as a person has it before them: under tmux.
    { ...shared, displayName: 'terminal', testMatch: ['<rootDir>/tests/**/*.terminal.test.ts'] },
  ],
}
