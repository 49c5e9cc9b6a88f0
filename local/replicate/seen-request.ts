import type { ReplicateEndpoint, ReplicateFault } from './faults.ts'

/** One call that the stand-in has seen. */
export interface ReplicateRequest {
  /** From 1, over all endpoints. */
  index: number
  endpoint: ReplicateEndpoint
  /** The fault that it met. */
  fault: ReplicateFault['kind'] | null
  /** The run that it created or was about. */
  runId: string | null
  /** Of a creation: the model, its input without the picture, how the picture came, and what it was once the run read it. */
  model: string | null
  input: Readonly<Record<string, unknown>>
  staged: 'inline' | 'file' | null
  picture: { contentType: string; width: number; height: number; hasAlpha: boolean; sizeBytes: number } | null
  /** Whether a run was created, answered or not: each is billed. */
  charged: boolean
}

/** A call as it begins. */
export function newRequest(index: number, endpoint: ReplicateEndpoint): ReplicateRequest {
  return {
    index,
    endpoint,
    fault: null,
    runId: null,
    model: null,
    input: {},
    staged: null,
    picture: null,
    charged: false,
  }
}
