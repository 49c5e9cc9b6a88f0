import { existsSync, readFileSync } from 'node:fs'
import { flattened, printed, type Resource } from './fake-format.ts'
import { apply, KINDS, NAMED_BY_GOOGLE, replacedService, status } from './fake-kinds.ts'
import { FakeStore } from './fake-store.ts'

/** What a command of the fake gcloud answers. */
export interface Answer {
  status: number
  stdout?: string
  stderr?: string
}

/** A command, as it was called. */
export interface Call {
  argv: string[]
  /** `iam service-accounts create charaforge-api`: without flags and track. */
  what: string
  /** Whether it only reads. */
  isRead: boolean
}

/** Decides, before a command is carried out, whether it fails; null lets it through. */
export type Fault = (call: Call) => Answer | null

const MISSING: Answer = { status: 1, stderr: 'ERROR: NOT_FOUND: it was not found' }
const DONE: Answer = { status: 0 }

/**
 * A Google Cloud project as far as deploy/ asks it: it keeps what was made as the API would give it back, refuses to make what is
 * there already, and fails on demand. `fake-shims.ts` puts a `gcloud` in front of it.
 */
export class FakeProject extends FakeStore {
  /** Every call of gcloud, those that only read too. */
  readonly calls: Call[] = []
  /** What was asked by curl: method and address. */
  readonly curls: string[] = []
  /** What stood in the files that commands named, by path: they lie in a folder that the script removes. */
  readonly files = new Map<string, string>()
  /** What was printed, of what. */
  readonly prints: { rows: Resource[]; format: string; stdout: string }[] = []
  /** Commands that nobody foresaw: a test that has any fails. */
  readonly unknown: string[] = []
  fault: Fault = () => null
  /** What is listed is empty although it is there: somebody else made it in this moment. */
  blind = false
  /** What the canary's document says, one look after the other; the last stays. */
  canary = ['complete']
  /** What the canary's picture has become; null: nothing. */
  showcase: Resource | null = { content_type: 'image/png', size: 4711 }
  /** Addresses that the fake curl does not reach. */
  unreachable: string[] = []
  /** From where the Trigger Email extension sends; null: there is none. */
  mailsFrom: string | null = 'mail'

  constructor() {
    super()
    this.put('storage buckets', 'demo-app', { name: 'demo-app', location: 'US-CENTRAL1' })
    const database = { name: '(default)', locationId: 'us-central1', type: 'FIRESTORE_NATIVE' }
    this.put('firestore databases', '(default)', database)
  }

  /** Commands that change something. */
  get changes(): Call[] {
    return this.calls.filter(({ isRead }) => !isRead)
  }

  /** Gives a secret a version. */
  fillSecret(name: string): void {
    this.put('secret values', name, { name: '3' })
  }

  curl(argv: readonly string[]): Answer {
    const url = argv.find((word) => word.startsWith('https://')) ?? ''
    this.curls.push(`${argv.find((word) => /^(GET|PATCH|DELETE)$/.test(word)) ?? 'GET'} ${url}`)
    if (this.unreachable.some((one) => url.includes(one))) return { status: 22, stderr: 'curl: (22) 404' }
    if (url.includes('firebaseextensions')) {
      const params = { MAIL_COLLECTION: this.mailsFrom }
      const config = { extensionRef: 'firebase/firestore-send-email', params }
      return { status: 0, stdout: JSON.stringify({ instances: this.mailsFrom === null ? [] : [{ config }] }) }
    }
    if (!argv.includes('GET')) return { status: 0, stdout: '{}' }
    const status = this.canary.length > 1 ? this.canary.shift() : this.canary[0]
    return { status: 0, stdout: canaryDocument(status ?? '') }
  }

  gcloud(argv: string[]): Answer {
    for (const word of argv) {
      const path = /(?:^|=)(\/.+\.(?:yaml|json))$/.exec(word)?.[1]
      if (path !== undefined && existsSync(path)) this.files.set(path, readFileSync(path, 'utf8'))
    }
    const words = argv.filter((word) => !word.startsWith('--') && word !== 'alpha' && word !== 'beta')
    const isRead = /^(list|describe|get-iam-policy|print-access-token|service-agent)$/.test(verbOf(words))
    const call = { argv, what: words.join(' '), isRead }
    this.calls.push(call)
    const failed = this.fault(call)
    if (failed) return failed
    const flag = (name: string) => argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
    try {
      const answer = isRead ? this.#read(words, flag) : this.#change(words, argv, flag)
      if (answer) return answer
    } catch (error) {
      return { status: 1, stderr: `ERROR: ${error}` }
    }
    this.unknown.push(call.what)
    return { status: 2, stderr: `ERROR: unrecognized arguments: ${call.what}` }
  }

  #read(words: string[], flag: (name: string) => string | undefined): Answer | null {
    const command = words.join(' ')
    if (command.startsWith('projects describe')) return { status: 0, stdout: '123456789012' }
    if (words.includes('print-access-token')) return { status: 0, stdout: 'token' }
    if (words.includes('service-agent')) return { status: 0, stdout: 'agent' }
    const print = (records: Resource[]): Answer => {
      const flatten = flag('flatten')
      const rows = flatten ? records.flatMap((record) => flattened(record, flatten)) : records
      const format = flag('format') ?? ''
      const stdout = printed(rows, format)
      this.prints.push({ rows: structuredClone(rows), format, stdout })
      return { status: 0, stdout }
    }
    const [verb, last] = [verbOf(words), (words.at(-1) ?? '').replace('gs://', '')]
    const kind = words.slice(0, words.indexOf(verb)).join(' ')
    if (verb === 'get-iam-policy') {
      const held = this.blind ? [] : this.heldOn(`${kind} ${words.at(-1)}`)
      const bindings = held.map((grant) => grant.split(' ')).map(([role, member]) => ({ role, members: [member] }))
      return print([{ bindings }])
    }
    const isHidden = this.blind && !/^(firestore databases|run services)$/.test(kind) && last !== 'demo-app'
    if (kind === 'storage objects') return this.showcase ? print([this.showcase]) : MISSING
    if (kind === 'secrets versions') {
      if (!this.get('secrets', last)) return MISSING
      const value = this.get('secret values', last)
      return print(value ? [value] : [])
    }
    if (verb === 'list') return print(isHidden ? [] : this.all(kind).filter(filterOf(flag('filter'))))
    const name = kind === 'storage buckets' ? last : (words.at(-1) ?? '')
    const resource = isHidden && kind !== 'eventarc triggers' ? undefined : this.get(kind, name)
    return resource ? print([resource]) : MISSING
  }

  #change(words: string[], argv: string[], flag: (name: string) => string | undefined): Answer | null {
    const command = words.join(' ')
    const order = { argv, flag }
    const last = (words.at(-1) ?? '').replace('gs://', '')
    if (command.startsWith('services enable')) {
      for (const api of words.slice(2)) this.put('services', api, { config: { name: api } })
      return DONE
    }
    if (command.startsWith('services identity create')) return DONE
    if (command.includes('-iam-policy-binding')) {
      const on = `${words.slice(0, -2).join(' ')} ${words.at(-1)}`
      const [role, member] = [flag('role') ?? '', flag('member') ?? '']
      if (command.includes('add-iam')) this.grant(role, member, on)
      else this.revoke(role, member, on)
      return DONE
    }
    if (command.startsWith('artifacts repositories set-cleanup-policies')) {
      const repository = this.get('artifacts repositories', last)
      if (!repository) return MISSING
      repository.cleanupPolicies = readFileSync(flag('policy') ?? '', 'utf8')
      return DONE
    }
    if (command === 'firestore indexes composite create') return this.#index(order)
    if (command.startsWith('firestore indexes fields update')) {
      const name = `projects/demo-proj/databases/(default)/collectionGroups/${flag('collection-group')}/fields/${last}`
      this.put('firestore indexes fields', name, { name, indexConfig: {} })
      return DONE
    }
    if (command.startsWith('firestore fields ttls update')) {
      const name = `projects/demo-proj/databases/(default)/collectionGroups/${flag('collection-group')}/fields/${last}`
      this.put('firestore fields ttls', name, { name, ttlConfig: { state: 'ACTIVE' } })
      return DONE
    }
    if (command.startsWith('builds submit')) {
      const name = flag('substitutions')?.replace(/.*_IMAGE=/, '') ?? ''
      this.put('artifacts docker images', name, { name, image_summary: { digest: 'sha256:1' } })
      return DONE
    }
    if (command.startsWith('run services replace')) {
      const name = last.split('/').at(-1)?.replace('.yaml', '') ?? ''
      this.put('run services', name, replacedService(words.at(-1) ?? '', this.get('run services', name)))
      return DONE
    }
    if (command.startsWith('run services update-traffic')) return this.#moveTraffic(last, flag('to-revisions'))
    if (command.startsWith('storage cp')) return DONE
    if (command.startsWith('storage rm')) {
      for (const url of words.slice(2)) this.remove('storage buckets', url.replace('gs://', ''))
      return DONE
    }
    return this.#generic(words, order)
  }

  #generic(words: string[], order: { argv: string[]; flag(name: string): string | undefined }): Answer | null {
    const verb = verbOf(words)
    const kind = words.slice(0, words.indexOf(verb)).join(' ')
    const last = words.at(-1) ?? ''
    const named = last === verb ? '' : last.replace('gs://', '').replace(/@.*/, '')
    if (verb === 'delete') {
      if (kind === 'eventarc triggers') this.remove('pubsub subscriptions', `eventarc-${named}-sub`)
      return this.remove(kind, named) ? DONE : MISSING
    }
    if (KINDS[kind] === undefined) return null
    if (verb === 'update') {
      const resource = this.get(kind, named)
      if (!resource) return MISSING
      apply(kind, resource, order)
      return DONE
    }
    if (verb !== 'create') return null
    const collection = NAMED_BY_GOOGLE[kind]
    const name = collection ? this.#newName(kind, collection) : named || order.flag('database') || ''
    if (this.get(kind, name)) return { status: 1, stderr: `ERROR: ALREADY_EXISTS: ${name} already exists` }
    const resource: Resource = { ...KINDS[kind].initial?.(name), name }
    apply(kind, resource, order)
    this.put(kind, name, resource)
    // A trigger comes with a subscription of Eventarc's own defaults.
    if (kind === 'eventarc triggers') {
      this.put('pubsub subscriptions', `eventarc-${name}-sub`, {
        name: `eventarc-${name}-sub`,
        ackDeadlineSeconds: '10',
      })
    }
    return DONE
  }

  #newName(kind: string, collection: string): string {
    for (let number = 1; ; number++) {
      if (!this.get(kind, `${collection}/${number}`)) return `${collection}/${number}`
    }
  }

  #index({ argv, flag }: { argv: string[]; flag(name: string): string | undefined }): Answer {
    const collection = flag('collection-group')
    const fields = argv.flatMap(
      (word) => /^--field-config=field-path=([^,]+),(\S+)$/.exec(word)?.slice(1, 3).join('|') ?? [],
    )
    const key = `projects/demo-proj/databases/(default)/collectionGroups/${collection}/indexes/${fields.join(';')}`
    if (this.get('firestore indexes composite', key))
      return { status: 1, stderr: 'ERROR: ALREADY_EXISTS: index already exists' }
    const shown = fields.map((field) => {
      const [fieldPath, how = ''] = field.split('|')
      return how === 'array-config=contains'
        ? { fieldPath, arrayConfig: 'CONTAINS' }
        : { fieldPath, order: how.replace('order=', '').toUpperCase() }
    })
    const last = shown.at(-1)?.order ?? 'ASCENDING'
    const resource = { name: key, state: 'READY', fields: [...shown, { fieldPath: '__name__', order: last }] }
    this.put('firestore indexes composite', key, resource)
    return DONE
  }

  #moveTraffic(name: string, to: string | undefined): Answer {
    const service = this.get('run services', name)
    if (!service) return MISSING
    const latest = `${name}-${String(service.revisions).padStart(5, '0')}`
    service.status = status(latest, [{ revisionName: to?.split('=')[0] ?? latest, percent: 100 }])
    return DONE
  }
}

/** As Firestore's REST API gives it, lines and all. */
function canaryDocument(status: string): string {
  const text = (stringValue: string) => ({ stringValue })
  const fields = {
    showcaseProcessingStatus: text(status),
    showcaseJobId: text('5d0c3b1f'),
    ...(status === 'complete' ? { showcaseImageUrl: text('https://storage.example/showcase.png') } : {}),
    ...(status === 'failed'
      ? { showcaseError: { mapValue: { fields: { code: text('clipdrop.denied'), message: text('Check the key.') } } } }
      : {}),
  }
  return JSON.stringify({ name: 'characters/canary', fields: { visuals: { mapValue: { fields } } } }, null, 2)
}

/** The word that says what is done. */
function verbOf(words: readonly string[]): string {
  return (
    words.find((word) =>
      /^(list|describe|get-iam-policy|add-iam-policy-binding|remove-iam-policy-binding|create|update|delete|print-access-token|service-agent)$/.test(
        word,
      ),
    ) ?? ''
  )
}

/** `a.b=value`, and `a.b:*` for what is there at all. */
function filterOf(filter: string | undefined): (resource: Resource) => boolean {
  const [, path = '', operator, wanted] = /^([\w.-]+?)(=|:)(.+)$/.exec(filter ?? '') ?? []
  return (resource) => {
    if (operator === undefined) return true
    let value: unknown = resource
    for (const name of path.split('.')) value = (value as Resource | undefined)?.[name]
    return operator === ':' ? value !== undefined : value === wanted
  }
}
