import { createRequire } from 'node:module'
import sharp from 'sharp'
import type { OnnxWorkerData } from './model-options.ts'
import type { OnnxRuntime, OnnxSession, OnnxTensor } from './onnx-runtime.ts'

/** A picture's side where neither the model file nor the operator says one. */
const defaultSide = 1024
/** A mask that rises nowhere above this holds no subject. */
const nothingFound = 0.1

/** What is wrong with the model or its settings, as a sentence for the operator. */
export class UnfitModelError extends Error {}

interface Side {
  width: number
  height: number
}

/** A mask of 0 to 1 at the model's size. */
export interface SoftMask extends Side {
  values: Float32Array
}

/** A loaded model of rembg's kind: one float NCHW picture in, the subject's mask as its first output. */
export class BackgroundModel {
  readonly #runtime: OnnxRuntime
  readonly #session: OnnxSession
  readonly #settings: OnnxWorkerData['options']
  readonly #input: Side

  private constructor(runtime: OnnxRuntime, session: OnnxSession, settings: OnnxWorkerData['options']) {
    this.#runtime = runtime
    this.#session = session
    this.#settings = settings
    this.#input = inputSide(session, settings.size)
  }

  /** @throws UnfitModelError when the file holds no model, or one of another kind. */
  static async load({ runtimeFile, modelFile, options }: OnnxWorkerData): Promise<BackgroundModel> {
    const runtime = createRequire(import.meta.url)(runtimeFile) as OnnxRuntime
    try {
      return new BackgroundModel(runtime, await runtime.InferenceSession.create(modelFile), options)
    } catch (error) {
      if (error instanceof UnfitModelError) throw error
      throw new UnfitModelError(`The file in BACKGROUND_MODEL cannot be loaded as an ONNX model: ${messageOf(error)}`)
    }
  }

  /** The subject's mask; null where the model sees none. */
  async findSubject(bytes: Uint8Array): Promise<SoftMask | null> {
    const [inputName] = this.#session.inputNames
    const [outputName] = this.#session.outputNames
    if (inputName === undefined || outputName === undefined)
      throw new UnfitModelError('The model has no input or output.')
    const outputs = await this.#session.run({ [inputName]: await this.#prepare(bytes) })
    return toMask(outputs[outputName])
  }

  /** The whole picture at the model's size, normalised per channel, one plane a channel. */
  async #prepare(bytes: Uint8Array): Promise<OnnxTensor> {
    const { width, height } = this.#input
    const rgb = await sharp(bytes)
      .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer()
    const { mean, std } = this.#settings
    const pixels = width * height
    const planes = new Float32Array(3 * pixels)
    for (const channel of [0, 1, 2] as const) {
      const plane = planes.subarray(channel * pixels, (channel + 1) * pixels)
      for (let i = 0; i < pixels; i++)
        plane[i] = ((rgb[i * 3 + channel] as number) / 255 - mean[channel]) / std[channel]
    }
    return new this.#runtime.Tensor('float32', planes, [1, 3, height, width])
  }
}

/** The size that the model file asks for, else the operator's. */
function inputSide(session: OnnxSession, size: number | null): Side {
  const [input] = session.inputMetadata ?? []
  const side = size ?? defaultSide
  if (session.inputNames.length !== 1) {
    throw new UnfitModelError(
      `The model has ${session.inputNames.length} inputs; one that takes a picture alone is needed.`,
    )
  }
  if (input?.type !== undefined && input.type !== 'float32') {
    throw new UnfitModelError(`The model takes ${input.type}; export it with a float32 input.`)
  }
  if (!input?.shape) return { width: side, height: side }
  const [, channels, height, width] = input.shape
  if (input.shape.length !== 4 || (typeof channels === 'number' && channels > 0 && channels !== 3)) {
    throw new UnfitModelError(
      `The model's input has the shape [${input.shape.join(', ')}]; [1, 3, height, width] is needed.`,
    )
  }
  const known = (length: number | string | undefined) => (typeof length === 'number' && length > 0 ? length : side)
  return { width: known(width), height: known(height) }
}

/** The first plane of an output, logits made probabilities, stretched to its own range as rembg does. */
function toMask(output: OnnxTensor | undefined): SoftMask | null {
  const [width = 0, height = 0] = [output?.dims.at(-1), output?.dims.at(-2)]
  if (!output || !(output.data instanceof Float32Array) || width * height === 0 || output.dims.length < 2) {
    throw new UnfitModelError('The first output of the model is no mask of floats.')
  }
  const plane = output.data.subarray(0, width * height)
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of plane) {
    if (Number.isNaN(value)) throw new UnfitModelError('The model answered with NaN; check its mean and std.')
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  // Models end with or without their sigmoid; values that are no probabilities tell which.
  const areLogits = low < -0.01 || high > 1.01
  const probability = (value: number) => (areLogits ? 1 / (1 + Math.exp(-value)) : value)
  const [bottom, top] = [probability(low), probability(high)]
  if (top < nothingFound || top === bottom) return null
  return { width, height, values: plane.map((value) => (probability(value) - bottom) / (top - bottom)) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
