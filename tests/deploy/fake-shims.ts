import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FakeProject } from './fake-project.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Writes programs into `folder`/bin that hand their arguments to the project (`gcloud`, `curl`), or stand in for what has nothing
 * to do with it: `git` names a commit that stays the same and puts it into an archive, and `npm` is `kept`.
 */
export async function startShims(project: FakeProject, folder: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => serve(project, socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  await mkdir(join(folder, 'bin'), { recursive: true })
  const programs = {
    gcloud: asking('gcloud', address.port),
    curl: asking('curl', address.port),
    git: `#!/bin/bash\nfor word; do case $word in rev-parse) echo 0123456789ab ;; --output=*) touch "\${word#*=}" ;; esac; done\n`,
    npm: kept(folder),
  }
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, 'bin', name), text)
    await chmod(join(folder, 'bin', name), 0o755)
  }
  return server
}

/**
 * An npm that starts the declared program without npm's own half second, and keeps what it wrote: the next script with the same
 * settings gets a copy.
 */
function kept(folder: string): string {
  return `#!/bin/bash
set -e
while [ "$1" != -- ]; do shift; done
key=$(env | grep -vE '^(_|SHLVL|PWD|OLDPWD)=' | sort | cksum)
made="${folder}/$2-\${key// /-}"
if [ ! -d "$made" ]; then
  mkdir "$made.part"
  '${process.execPath}' '${root}tools/infra.ts' "$2" "$made.part"
  mv "$made.part" "$made"
fi
cp -r "$made/." "$3"
`
}

function serve(project: FakeProject, socket: Socket): void {
  const chunks: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    chunks.push(chunk)
    const text = Buffer.concat(chunks).toString('utf8')
    if (!text.endsWith('\0\0')) return
    const [name = '', ...argv] = text.slice(0, -2).split('\0')
    const { status, stdout = '', stderr = '' } = name === 'curl' ? project.curl(argv) : project.gcloud(argv)
    socket.end(`${[String(status), ...marked('o', stdout), ...marked('e', stderr)].join('\n')}\n`)
  })
}

function marked(mark: string, text: string): string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => `${mark}${line}`)
}

/** A program that sends its name and arguments to the test, and answers as the test says. */
function asking(name: string, port: number): string {
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
