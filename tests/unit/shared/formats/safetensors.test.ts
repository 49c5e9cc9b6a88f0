import { readFileSync } from 'node:fs'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'

interface Vector {
  name: string
  base64: string
  bytes: number
  expect: {
    ok: boolean
    headerBytes?: number
    metadata?: Record<string, string> | null
    tensors?: number
    params?: Record<string, number>
  }
}

const vectors: { cases: Vector[] } = JSON.parse(
  readFileSync(new URL('../../../fixtures/formats/safetensors-vectors.json', import.meta.url), 'utf8'),
)

function readFrom(file: Buffer) {
  return readSafetensorsHeader({
    sizeBytes: file.length,
    read: async (offset, length) => file.subarray(offset, offset + length),
  })
}

describe.each(vectors.cases)('the recorded file $name', ({ base64, bytes, expect: expected }) => {
  const file = Buffer.from(base64, 'base64')

  test(expected.ok ? 'is read as it is' : 'is refused', async () => {
    expect(file).toHaveLength(bytes)
    if (!expected.ok) {
      await expect(readFrom(file)).rejects.toMatchObject({ code: 'safetensors.lying-header', retryable: false })
      return
    }
    const header = await readFrom(file)
    if (expected.headerBytes !== undefined) expect(header.headerBytes).toBe(expected.headerBytes)
    expect(header.metadata && Object.fromEntries(header.metadata)).toEqual(expected.metadata)
    expect(header.tensorCount).toBe(expected.tensors)
    const parameters = [...header.dtypes].map(([dtype, total]) => [dtype, total.parameters])
    expect(Object.fromEntries(parameters)).toEqual(expected.params)
  })
})
