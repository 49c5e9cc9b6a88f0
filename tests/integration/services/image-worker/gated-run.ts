import sharp from 'sharp'
import { jobId } from '#shared/jobs/job-record.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { type Gate, Gates, startGateProxy } from '../../../support/gates.ts'
import { appBucket, type ImageCase } from '../../../support/image-case.ts'
import { type ImageWorld, useImageWorld } from '../../../support/image-world.ts'
import type { ServiceUnderTest } from '../../../support/service-under-test.ts'

/** Where a run can be held, in the order in which it comes by. */
export const phases = ['claimed', 'background', 'upscale', 'loading', 'before-object', 'object-written'] as const
export type Phase = (typeof phases)[number]

export interface GatedWorld extends ImageWorld {
  gates: Gates
}

/** An image world in which runs stop where the test says. */
export function useGatedWorld(documents: StartDocuments, env: Record<string, string> = {}): GatedWorld {
  const gates = new Gates()
  const world = useImageWorld(() => ({
    documents,
    env: { IMAGE_CONCURRENCY: '64', ...env },
    bucketProxy: (target) => startGateProxy(target, gates),
    // The stand-in's requests name no character; the picture's size does (`forgeCase`).
    beforeAnswer: ({ endpoint, input }) => gates.pass(`provider ${endpoint} ${input?.width}x${input?.height}`),
  }))
  return Object.assign(world, { gates })
}

export interface GatedCase extends ImageCase {
  side: number
  url: string
  resource: Record<string, unknown>
}

let sides = 0

/** An upload and its document; its picture has a size of its own, by which the provider's gate knows it. */
export async function forgeCase(world: ImageWorld, colour = 'red'): Promise<GatedCase> {
  const side = 16 + (sides++ % 200)
  const { one, url, resource } = await world.forge({ bytes: await subject(side, colour) })
  return { ...one, side, url, resource }
}

/** A disc of one colour on white. */
export async function subject(side: number, colour: string): Promise<Buffer> {
  const disc = `<svg width="${side}" height="${side}"><circle cx="50%" cy="50%" r="35%" fill="${colour}"/></svg>`
  return await sharp({ create: { width: side, height: side, channels: 3, background: '#fff' } })
    .composite([{ input: Buffer.from(disc) }])
    .png()
    .toBuffer()
}

/** Holds the next run of the case, or of another upload for it, that comes to the phase. */
export function holdAt(world: GatedWorld, one: GatedCase, phase: Phase, resource = one.resource): Gate {
  const work = `work/${jobId(`image:${appBucket}/${resource.name}#${resource.generation}`)}/`
  return world.gates.close((label) => isAt(phase, { one, work }, label))
}

function isAt(phase: Phase, { one, work }: { one: GatedCase; work: string }, label: string): boolean {
  const ofResult = label.includes(`showcase_${one.characterId}.png`)
  switch (phase) {
    case 'claimed':
      return ofResult && label.startsWith('done GET')
    case 'background':
      return label === `provider remove-background ${one.side}x${one.side}`
    case 'upscale':
      return label === `provider upscale ${one.side}x${one.side}`
    case 'loading':
      // The last thing before publication that the fence does not guard.
      return label.startsWith('before GET') && label.includes(`${work}upscale-`)
    case 'before-object':
      return ofResult && label.startsWith('before POST /upload')
    case 'object-written':
      return ofResult && label.startsWith('done POST /upload')
    default:
      return phase satisfies never
  }
}

/** One delivery that goes on only as far as it is told. */
export class GatedRun {
  readonly #world: GatedWorld
  readonly #case: GatedCase
  readonly #resource: Record<string, unknown>
  readonly #to: ServiceUnderTest | undefined
  #answer: Promise<number> | null = null
  #gate: Gate | null = null
  /** The answer's status, once there is one. */
  status: number | null = null

  constructor(world: GatedWorld, one: GatedCase, resource = one.resource, to?: ServiceUnderTest) {
    this.#world = world
    this.#case = one
    this.#resource = resource
    this.#to = to
  }

  /** Goes on to the phase, or to the end where the run ends before it. Says which. */
  async goOn(phase: Phase): Promise<'held' | 'ended'> {
    if (this.status !== null) return 'ended'
    const gate = holdAt(this.#world, this.#case, phase, this.#resource)
    const answer = this.#letGo()
    this.#gate = gate
    const reached = await Promise.race([gate.reached.then(() => 'held' as const), answer.then(() => 'ended' as const)])
    if (reached === 'ended') gate.open()
    return reached
  }

  /** Lets it run to its answer. */
  async finish(): Promise<number> {
    return await this.#letGo()
  }

  #letGo(): Promise<number> {
    this.#gate?.open()
    this.#gate = null
    this.#answer ??= this.#world.deliver(this.#resource, this.#to ? { to: this.#to } : {}).then(({ status }) => {
      this.status = status
      return status
    })
    return this.#answer
  }

  /** As the subscription does after a 503. */
  async redeliver(): Promise<void> {
    if (this.status !== 204) await this.#world.deliverUntilAcknowledged(this.#resource)
  }
}

/** The colour in the middle of the picture that the document shows, and how the picture is served. */
export async function shownPicture(world: ImageWorld, one: ImageCase) {
  const published = await world.publishedPicture(one)
  const { data, info } = await sharp(published.bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const middle = ((info.height >> 1) * info.width + (info.width >> 1)) * info.channels
  const [red = 0, green = 0, blue = 0] = data.subarray(middle, middle + 3)
  const colour = Math.max(red, green, blue) === red ? 'red' : Math.max(green, blue) === green ? 'green' : 'blue'
  const { visuals } = await world.readCharacter(one)
  return { ...published, colour, visuals, generation: String(published.metadata.generation) }
}

/** Names of what lies under the case's result. */
export async function results(world: ImageWorld, one: ImageCase): Promise<string[]> {
  const [files] = await world.storage.bucket(appBucket).getFiles({ prefix: `showcase-images/${one.userId}/` })
  return files.map(({ name }) => name)
}
