/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78

type Matrix = readonly number[]

/**
 * The CRC32C of two byte strings put together, from their CRCs and the length of the second: appending n bytes to the
 * first is a linear map over GF(2), applied here by repeated squaring (the method of zlib's `crc32_combine`). It lets
 * compose join objects without reading them.
 */
export function combineCrc32c(first: number, second: number, secondSizeBytes: number): number {
  let crc = first
  let remaining = secondSizeBytes
  let operator = BYTE_OF_ZEROES
  while (remaining > 0) {
    if (remaining % 2 === 1) crc = times(operator, crc)
    remaining = Math.floor(remaining / 2)
    if (remaining > 0) operator = square(operator)
  }
  return (crc ^ second) >>> 0
}

function times(matrix: Matrix, vector: number): number {
  let sum = 0
  for (let bit = 0; bit < 32; bit++) {
    if ((vector >>> bit) & 1) sum ^= matrix[bit] ?? 0
  }
  return sum >>> 0
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => times(matrix, column))
}

const BIT_OF_ZEROES: Matrix = Array.from({ length: 32 }, (_, bit) => (bit === 0 ? POLYNOMIAL : 2 ** (bit - 1)))
const BYTE_OF_ZEROES: Matrix = square(square(square(BIT_OF_ZEROES)))
