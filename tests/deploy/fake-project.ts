import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

/** What a command of the fake gcloud answers. */
interface Answer {
  status: number
  stdout?: string
  stderr?: string
}

/** A command that changes something, as it was called. */
export interface Change {
  argv: string[]
  /** `iam service-accounts create charaforge-api` */
  what: string
}

/** Decides, before a change is made, whether it fails; null lets it through. */
export type Fault = (change: Change, index: number) => Answer | null

/**
 * A Google Cloud project as far as deploy/ asks it, behind a `gcloud` that hands every call to this process: it remembers what
 * was made and granted, refuses what is there already, and fails on demand.
 */
export class FakeProject {
  readonly changes: Change[] = []
  /** Every call of gcloud, those that only read too. */
  readonly calls: string[][] = []
  /** What stood in the files that commands named, by path: they lie in a folder that the script removes. */
  readonly files = new Map<string, string>()
  /** Commands that nobody foresaw: a test that has any fails. */
  readonly unknown: string[] = []
  readonly #things = new Map<string, Set<string>>()
  readonly #grants = new Set<string>()
  readonly #settings = new Map<string, string>()
  readonly #server: Server
  fault: Fault = () => null
  /** What is listed is empty although it is there: somebody else made it in this moment. */
  blind = false

  private constructor(server: Server) {
    this.#server = server
  }

  /** Starts it and writes its `gcloud` (and `curl`) into `folder`/bin. */
  static async start(folder: string): Promise<FakeProject> {
    const server = createServer({ allowHalfOpen: true })
    const project = new FakeProject(server)
    server.on('connection', (socket) => project.#serve(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    await mkdir(join(folder, 'bin'), { recursive: true })
    for (const name of ['gcloud', 'curl']) {
      const file = join(folder, 'bin', name)
      await writeFile(file, shim(name, address.port))
      await chmod(file, 0o755)
    }
    project.add('storage buckets', 'demo-app')
    project.add('firestore databases', '(default)')
    return project
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  add(kind: string, name: string): void {
    const names = this.#things.get(kind) ?? new Set()
    this.#things.set(kind, names.add(name))
  }

  /** `kind name`, sorted. */
  get things(): string[] {
    return [...this.#things].flatMap(([kind, names]) => [...names].map((name) => `${kind} ${name}`)).sort()
  }

  /** `role member resource`, sorted. */
  get grants(): string[] {
    return [...this.#grants].sort()
  }

  /** Flags of the last update of a thing. */
  setting(thing: string): string | undefined {
    return this.#settings.get(thing)
  }

  #serve(socket: Socket): void {
    const chunks: Buffer[] = []
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const text = Buffer.concat(chunks).toString('utf8')
      if (!text.endsWith('\0\0')) return
      const [name = '', ...argv] = text.slice(0, -2).split('\0')
      const { status, stdout = '', stderr = '' } = name === 'curl' ? this.#curl(argv) : this.#call(argv)
      const lines = [
        String(status),
        ...stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => `o${line}`),
        ...stderr
          .split('\n')
          .filter(Boolean)
          .map((line) => `e${line}`),
      ]
      socket.end(`${lines.join('\n')}\n`)
    })
  }

  #curl(argv: string[]): Answer {
    if (argv.includes('GET'))
      return { status: 0, stdout: `"stringValue": "${this.#settings.get('canary') ?? 'complete'}"` }
    return { status: 0, stdout: '{}' }
  }

  #call(argv: string[]): Answer {
    this.calls.push(argv)
    for (const word of argv) {
      const path = /(?:^|=)(\/.+\.(?:yaml|json))$/.exec(word)?.[1]
      if (path !== undefined && existsSync(path)) this.files.set(path, readFileSync(path, 'utf8'))
    }
    const words = argv.filter((word) => !word.startsWith('--') && word !== 'alpha')
    const flag = (name: string) => argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? ''
    const command = words.join(' ')
    const read = this.#read(words, command, flag)
    if (read) return read
    const change = { argv, what: command }
    const failed = this.fault(change, this.changes.length)
    this.changes.push(change)
    if (failed) return failed
    return this.#change(words, command, argv, flag)
  }

  #names(kind: string): string[] {
    return this.blind ? [] : [...(this.#things.get(kind) ?? [])]
  }

  #read(words: string[], command: string, flag: (name: string) => string): Answer | null {
    const list = (names: readonly string[]): Answer => ({ status: 0, stdout: names.join('\n') })
    const missing: Answer = { status: 1, stderr: 'ERROR: NOT_FOUND' }
    const last = words.at(-1) ?? ''
    if (command.startsWith('projects describe')) return list(['123456789012'])
    if (command === 'auth print-access-token') return list(['token'])
    if (command === 'storage service-agent') return list(['agent'])
    if (command.startsWith('services list')) return list(this.#names('services'))
    if (command === 'iam service-accounts list') {
      return list(this.#names('iam service-accounts').map((id) => `${id}@demo-proj.iam.gserviceaccount.com`))
    }
    if (command === 'firestore databases list') {
      return list([...(this.#things.get('firestore databases') ?? [])].map((name) => `${name}\tus-central1`))
    }
    if (command === 'firestore indexes composite list') return list(this.#names('firestore indexes composite'))
    if (command === 'firestore fields ttls list') return list(this.#names('firestore fields ttls'))
    if (command.includes('get-iam-policy')) {
      if (this.blind) return list([])
      const held = this.grants.map((grant) => grant.split(' ')).filter(([, , on]) => on === last)
      return list(held.map(([role, member]) => `${role}\t${member}\t`))
    }
    if (command.startsWith('storage buckets describe')) {
      const name = last.replace('gs://', '')
      if (!this.#things.get('storage buckets')?.has(name)) return missing
      if (flag('format').includes('location')) return list(['US-CENTRAL1'])
      return list(this.blind ? [] : [this.#settings.get(`storage buckets ${name}`) ?? ''])
    }
    if (command.startsWith('artifacts repositories describe')) {
      return list(this.blind ? [] : [this.#settings.get('artifacts repositories charaforge') ?? ''])
    }
    if (command.startsWith('artifacts docker images describe')) {
      return this.#things.get('images')?.has(last) ? list(['sha256:1']) : missing
    }
    if (command.startsWith('secrets versions list')) return list(this.#settings.has(`secret ${last}`) ? ['3'] : [])
    if (command.startsWith('run services describe')) {
      return this.#things.get('run services')?.has(last) ? list([`${last}-00001`]) : missing
    }
    if (command.startsWith('eventarc triggers describe')) {
      return this.#things.get('eventarc triggers')?.has(last) ? list([`eventarc-${last}-sub`]) : missing
    }
    if (command.startsWith('pubsub subscriptions describe'))
      return list([this.#settings.get(`pubsub subscriptions ${last}`) ?? ''])
    if (words.at(-1) === 'list') return list(this.#names(words.slice(0, -1).join(' ')))
    return null
  }

  #change(words: string[], command: string, argv: string[], flag: (name: string) => string): Answer {
    const done: Answer = { status: 0 }
    const last = words.at(-1) ?? ''
    const make = (kind: string, name: string): Answer => {
      if (this.#things.get(kind)?.has(name)) return { status: 1, stderr: `ERROR: ${name} already exists` }
      this.add(kind, name)
      return done
    }
    if (command.startsWith('services enable')) {
      for (const api of words.slice(2)) this.add('services', api)
      return done
    }
    if (command.includes('add-iam-policy-binding')) {
      this.#grants.add(`${flag('role')} ${flag('member')} ${last}`)
      return done
    }
    if (command.startsWith('storage buckets update')) {
      this.#settings.set(`storage buckets ${last.replace('gs://', '')}`, flag('lifecycle-file'))
      return done
    }
    if (command.startsWith('artifacts repositories set-cleanup-policies')) {
      this.#settings.set(`artifacts repositories ${last}`, flag('policy'))
      return done
    }
    if (command === 'firestore indexes composite create') {
      const fields = argv
        .filter((word) => word.startsWith('--field-config='))
        .map((word) => word.slice('--field-config=field-path='.length))
      const paths = fields.map((field) => field.split(',')[0])
      const orders = fields.map((field) => (field.endsWith('descending') ? 'DESCENDING' : 'ASCENDING'))
      return make(
        'firestore indexes composite',
        `${flag('collection-group')}\t${paths.join(',')},__name__\t${orders.join(',')},${orders.at(-1)}`,
      )
    }
    if (command.startsWith('firestore fields ttls update')) {
      this.add('firestore fields ttls', `x/collectionGroups/${flag('collection-group')}/fields/${last}`)
      return done
    }
    if (command.startsWith('builds submit')) {
      this.add('images', flag('substitutions').replace(/.*_IMAGE=/, ''))
      return done
    }
    if (command.startsWith('run services replace')) {
      const service = last.split('/').at(-1)?.replace('.yaml', '') ?? ''
      this.add('run services', service)
      return done
    }
    if (command.startsWith('run services update-traffic')) {
      this.#settings.set(`traffic ${last}`, flag('to-revisions') || 'latest')
      return done
    }
    if (command.startsWith('pubsub subscriptions update')) {
      const topic = `projects/demo-proj/topics/${flag('dead-letter-topic')}`
      const facts = [
        flag('ack-deadline'),
        flag('min-retry-delay'),
        flag('max-retry-delay'),
        topic,
        flag('max-delivery-attempts'),
      ]
      this.#settings.set(`pubsub subscriptions ${last}`, facts.join('\t'))
      return done
    }
    if (command.startsWith('scheduler jobs create http')) return make('scheduler jobs', last)
    const policy = /--(?:policy|config)-from-file=(\S+)/.exec(argv.join(' '))?.[1]
    if (command.startsWith('monitoring') && policy !== undefined) {
      const { displayName } = JSON.parse(readFileSync(policy, 'utf8')) as { displayName: string }
      return make(words.slice(0, 2).join(' '), displayName)
    }
    if (command.startsWith('billing budgets create')) return make('billing budgets', flag('display-name'))
    if (command.startsWith('storage cp')) return done
    if (command.startsWith('storage rm')) {
      for (const url of words.slice(2)) this.#things.get('storage buckets')?.delete(url.replace('gs://', ''))
      return done
    }
    const verb = words.findIndex((word) => word === 'create' || word === 'delete')
    const kind = words.slice(0, verb).join(' ')
    const name = (words[verb + 1] ?? flag('database')).replace('gs://', '').replace(/@.*/, '')
    if (words[verb] === 'create') return make(kind, name)
    if (words[verb] === 'delete') {
      this.#things.get(kind)?.delete(name)
      return done
    }
    this.unknown.push(command)
    return { status: 2, stderr: `ERROR: unrecognized arguments: ${command}` }
  }

  /** Gives a secret a version. */
  fillSecret(name: string): void {
    this.#settings.set(`secret ${name}`, '3')
  }

  /** What the canary's document says. */
  set canary(status: string) {
    this.#settings.set('canary', status)
  }
}

/** A program that sends its name and arguments to the test, and answers as the test says. */
function shim(name: string, port: number): string {
  return `#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/${port}
{ printf '%s' ${name}; for word in "$@"; do printf '\\0%s' "$word"; done; printf '\\0\\0'; } >&3
read -r status <&3
while IFS= read -r line <&3; do
  case $line in o*) printf '%s\\n' "\${line#o}" ;; e*) printf '%s\\n' "\${line#e}" >&2 ;; esac
done
exit "$status"
`
}
