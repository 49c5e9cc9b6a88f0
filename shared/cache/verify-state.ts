import type { CacheJobProgress, VerifyFinding } from './cache-jobs.ts'
import type { HashDeps } from './file-contents.ts'

export interface VerifyDeps extends HashDeps {
  now: () => Date
}

/** How far a verification is: plain JSON, kept between claims, so that what was read once is not read again. */
export interface VerifyCheckpoint {
  stage: 'files' | 'strays' | 'models'
  /** The last row, or object, that is done in this stage. */
  after: string | null
  /** What is being read, and how often that was begun: one that never gets to its end is left out. */
  attempt: { id: string; times: number } | null
  checkedFiles: number
  checkedBytes: number
  findings: VerifyFinding[]
  findingsCount: number
  /** Of the ledger when it began. */
  driftBytes: number
}

export interface VerifyOptions {
  repair: boolean
  /** What an earlier claim stored; null for a new one. */
  checkpoint: VerifyCheckpoint | null
  storeCheckpoint(checkpoint: VerifyCheckpoint): Promise<void>
  onProgress(progress: CacheJobProgress): void
  signal: AbortSignal
}

/** A job's document holds 1 MiB. */
const MAX_FINDINGS = 500
/** Each may take as long as a request works. */
const MAX_ATTEMPTS = 2
/** What is read within seconds needs no note that it was begun. */
const NOTED_BYTES = 1024 ** 3

/** One verification while it goes on: its checkpoint and its progress. */
export class VerifyState {
  readonly options: VerifyOptions
  #checkpoint: VerifyCheckpoint
  #progress: CacheJobProgress

  constructor(options: VerifyOptions, checkpoint: VerifyCheckpoint, total: { files: number; bytes: number }) {
    this.options = options
    this.#checkpoint = checkpoint
    const { checkedFiles: doneFiles, checkedBytes: doneBytes } = checkpoint
    this.#progress = { phase: 'hashing', doneFiles, totalFiles: total.files, doneBytes, totalBytes: total.bytes }
  }

  get checkpoint(): VerifyCheckpoint {
    return this.#checkpoint
  }

  get signal(): AbortSignal {
    return this.options.signal
  }

  /** Where to go on in this stage, or null where it is not the one that the checkpoint is in. */
  enter(stage: VerifyCheckpoint['stage'], phase: CacheJobProgress['phase']): { after: string | null } | null {
    const order = ['files', 'strays', 'models']
    if (order.indexOf(this.#checkpoint.stage) > order.indexOf(stage)) return null
    if (this.#checkpoint.stage !== stage) this.#checkpoint = { ...this.#checkpoint, stage, after: null, attempt: null }
    this.#tell({ phase })
    return { after: this.#checkpoint.after }
  }

  /** Whether something may be read now; not, where it was begun too often before. */
  async begin(id: string, bytes: number): Promise<boolean> {
    this.signal.throwIfAborted()
    if (bytes < NOTED_BYTES) return true
    const { attempt } = this.#checkpoint
    const times = attempt?.id === id ? attempt.times + 1 : 1
    if (times > MAX_ATTEMPTS) return false
    await this.#store({ ...this.#checkpoint, attempt: { id, times } })
    return true
  }

  read(bytes: number): void {
    this.#tell({ doneBytes: this.#progress.doneBytes + bytes })
  }

  found(finding: VerifyFinding): void {
    const { findings, findingsCount } = this.#checkpoint
    const kept = findings.length < MAX_FINDINGS ? [...findings, finding] : findings
    this.#checkpoint = { ...this.#checkpoint, findings: kept, findingsCount: findingsCount + 1 }
  }

  async done(id: string, checked: { files: number; bytes: number }): Promise<void> {
    const { checkedFiles, checkedBytes } = this.#checkpoint
    this.#tell({ doneFiles: this.#progress.doneFiles + checked.files })
    await this.#store({
      ...this.#checkpoint,
      after: id,
      attempt: null,
      checkedFiles: checkedFiles + checked.files,
      checkedBytes: checkedBytes + checked.bytes,
    })
  }

  #tell(change: Partial<CacheJobProgress>): void {
    this.#progress = { ...this.#progress, ...change }
    this.options.onProgress(this.#progress)
  }

  async #store(checkpoint: VerifyCheckpoint): Promise<void> {
    this.#checkpoint = checkpoint
    await this.options.storeCheckpoint(checkpoint)
  }
}
