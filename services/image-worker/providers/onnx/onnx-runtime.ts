import { createRequire } from 'node:module'
import { ConfigError } from '#shared/errors/app-error.ts'

/** What we use of the API that both runtimes share (onnxruntime-common); neither is a dependency of ours. */
export interface OnnxRuntime {
  InferenceSession: { create(modelFile: string): Promise<OnnxSession> }
  Tensor: new (type: 'float32', values: Float32Array, dimensions: readonly number[]) => OnnxTensor
}

export interface OnnxSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  /** Dimensions that the file leaves open are names. */
  readonly inputMetadata: readonly { type?: string; shape?: readonly (number | string)[] }[]
  run(inputs: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>
}

export interface OnnxTensor {
  readonly dims: readonly number[]
  readonly data: unknown
}

/** The native one first: several times as fast as WebAssembly, but its package has 290 MB, and not for every platform. */
const packages = ['onnxruntime-node', 'onnxruntime-web'] as const

/**
 * The file of the ONNX runtime that is installed beside this service.
 * @throws ConfigError `onnx.no-runtime` with what to install.
 */
export function findOnnxRuntime(from: string = import.meta.url): string {
  const { resolve } = createRequire(from)
  for (const name of packages) {
    try {
      return resolve(name)
    } catch {
      // Not installed: the next one will do as well.
    }
  }
  throw new ConfigError({
    code: 'onnx.no-runtime',
    message:
      'The background provider onnx needs an ONNX runtime, and none is installed: run `npm i onnxruntime-node` (native) or `npm i onnxruntime-web` (WebAssembly) where the service is built.',
  })
}
