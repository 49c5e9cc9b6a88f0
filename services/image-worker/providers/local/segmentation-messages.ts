/** What the provider sends to its thread. */
export interface SegmentationRequest {
  id: number
  bytes: Uint8Array
  width: number
  height: number
  /** One shared number; anything but 0 tells the thread to stop at its next checkpoint. */
  stop: Int32Array
}

/** What the thread answers. */
export type SegmentationReply =
  | { id: number; outcome: 'done'; png: Uint8Array }
  | { id: number; outcome: 'stopped' }
  /** What the operator gave is at fault, whatever the picture. */
  | { id: number; outcome: 'misconfigured'; message: string }
  /** `exhausted`: memory ran out, which may pass; otherwise the picture itself is at fault. */
  | { id: number; outcome: 'failed'; exhausted: boolean; message: string }
