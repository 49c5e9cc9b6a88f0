import { Output, type OutputInit } from '../../cli/output.ts'

/** An output whose streams are kept as text. */
export function captureOutput(init: Partial<OutputInit> & { isTTY?: boolean; columns?: number } = {}) {
  const said = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof said) => ({
    isTTY: init.isTTY ?? false,
    columns: init.columns ?? 80,
    write: (text: string) => {
      said[name] += text
    },
  })
  const output = new Output({ env: {}, json: false, stdout: sink('stdout'), stderr: sink('stderr'), ...init })
  return { output, said }
}
