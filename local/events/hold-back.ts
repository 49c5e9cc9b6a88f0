interface Held {
  trigger: string
  sequence: number
  release: (overtaken: boolean) => void
}

/**
 * Keeps messages back until a later one of the same trigger has been answered: the injected reordering. `onHeld` is
 * told of each that begins to wait.
 */
export function createHoldBack(onHeld: () => void) {
  const held = new Set<Held>()
  const release = (one: Held, overtaken: boolean): void => {
    held.delete(one)
    one.release(overtaken)
  }
  return {
    get size() {
      return held.size
    },
    /** Resolves to true once a later message was answered, to false when `releaseAll` or the signal ended the wait. */
    hold(trigger: string, sequence: number, signal: AbortSignal): Promise<boolean> {
      if (signal.aborted) return Promise.resolve(false)
      return new Promise((resolve) => {
        const one: Held = { trigger, sequence, release: resolve }
        held.add(one)
        onHeld()
        signal.addEventListener('abort', () => release(one, false), { once: true })
      })
    },
    /** A message was answered: those of its trigger that were published before it have been overtaken. */
    answered(trigger: string, sequence: number): void {
      for (const one of held) if (one.trigger === trigger && one.sequence < sequence) release(one, true)
    },
    /** Nothing is left that could overtake. */
    releaseAll(): void {
      for (const one of held) release(one, false)
    },
  }
}

export type HoldBack = ReturnType<typeof createHoldBack>
