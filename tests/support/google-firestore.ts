import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '#local/service-process.ts'
import { isFull } from './how-many.ts'

const JAR = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar'
const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore'
/** It lives for seconds, and shares two cores: neither the best code nor collectors of its own threads are worth their time. */
const BRIEF_LIFE = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const START_TIMEOUT_MS = 60_000

let found: { jar: string; java: string } | null | undefined

/** Google's own Firestore emulator as gcloud installs it, with a Java to run it; null where either is missing. */
export function findGoogleFirestore(): { jar: string; java: string } | null {
  if (found === undefined) found = lookForEmulator()
  return found
}

function lookForEmulator(): { jar: string; java: string } | null {
  const java = onPath('java')
  const gcloud = onPath('gcloud')
  if (java === null || gcloud === null) return null
  // Where it lies in its own SDK, mostly; asking it takes it a second of processor time.
  const beside = join(dirname(realpathSync(gcloud)), '..', JAR)
  if (existsSync(beside)) return { jar: beside, java }
  const sdk = execFileSync(gcloud, ['info', '--format=value(installation.sdk_root)'], { encoding: 'utf8' }).trim()
  const jar = join(sdk, JAR)
  return existsSync(jar) ? { jar, java } : null
}

function onPath(program: string): string | null {
  const places = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, program))
  return places.find((place) => existsSync(place)) ?? null
}

/**
 * A suite on Google's emulator. What also runs on our document server, and asks nothing of a database that the comparison of both
 * has not asked, is left out of the gate: FULL=1 has it.
 */
export function describeOnGoogle(title: string, suite: () => void, { isInGate = true } = {}): void {
  describe(title, () => {
    const reason = findGoogleFirestore() === null ? 'no gcloud' : isInGate || isFull ? null : 'without FULL=1'
    if (reason === null) suite()
    else test(`skipped: ${reason}`, () => console.log(`skipped: ${reason}`))
  })
}

/**
 * Starts Google's emulator on a free port and waits until it answers. `args` go to it as they are
 * (`--functions_emulator`, `127.0.0.1:PORT`); `javaFlags`: none where its speed is measured. @throws Error where there is none, or when it does not start.
 */
export async function startGoogleFirestore(
  options: { args?: readonly string[]; javaFlags?: readonly string[] } = {},
): Promise<{ host: string; pid: number; close: () => Promise<void> }> {
  const emulator = findGoogleFirestore()
  if (emulator === null) throw new Error("Google's Firestore emulator is not installed: gcloud or Java is missing.")
  const port = await freePort()
  const args = [
    ...(options.javaFlags ?? BRIEF_LIFE),
    '-cp',
    emulator.jar,
    MAIN_CLASS,
    'start',
    '--host=127.0.0.1',
    `--port=${port}`,
    ...(options.args ?? []),
  ]
  const child = spawn(emulator.java, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-2000)
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const close = async () => {
    child.kill('SIGKILL')
    await exited
  }
  try {
    await untilReady(child, `http://127.0.0.1:${port}/`)
  } catch (error) {
    await close()
    throw new Error(`Google's Firestore emulator did not start: ${errors}`, { cause: error })
  }
  return { host: `127.0.0.1:${port}`, pid: child.pid ?? 0, close }
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`It exited with ${child.exitCode}.`)
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return
    await sleep(50)
  }
  throw new Error(`No answer within ${START_TIMEOUT_MS} ms.`)
}
