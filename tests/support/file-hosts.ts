import { type FileHost, type FileHostOptions, type HostedFile, startFileHost } from '#local/file-host/server.ts'

/** File hosts behind the hubs, so that each of several syncs at once can meet faults of its own. */
export interface FileHosts {
  all: readonly FileHost[]
  /** What `work` adds to a hub lies at this host. `work` must not wait for anything. */
  at<T>(host: FileHost, work: () => T): T
  /** What the hubs have added at a host. */
  filesAt(host: FileHost): HostedFile[]
  /** What the hubs see. */
  storage: Pick<FileHost, 'add' | 'locationOf'>
  close(): Promise<void>
}

/** @param number at least one; files lie at the first unless `at` says another. */
export async function startFileHosts(number: number, options?: FileHostOptions): Promise<FileHosts> {
  const all = await Promise.all(Array.from({ length: number }, () => startFileHost(options)))
  const [first] = all
  if (first === undefined) throw new Error('There must be a file host.')
  const homes = new Map<HostedFile, FileHost>()
  let current = first
  return {
    all,
    at(host, work) {
      current = host
      try {
        return work()
      } finally {
        current = first
      }
    },
    filesAt: (host) => [...homes].filter(([, home]) => home === host).map(([file]) => file),
    storage: {
      add(order) {
        const file = current.add(order)
        homes.set(file, current)
        return file
      },
      locationOf: (file, locationOptions) => (homes.get(file) ?? first).locationOf(file, locationOptions),
    },
    close: async () => void (await Promise.all(all.map((host) => host.close()))),
  }
}
