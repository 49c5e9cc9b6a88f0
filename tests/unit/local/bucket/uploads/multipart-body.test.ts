import { parseMultipartUpload } from '#local/bucket/uploads/multipart-body.ts'

const MEDIA = 'line\r\n--not the boundary\r\n--b\r\n--boundar'
const BODY = `--boundary\r\nContent-Type: application/json\r\n\r\n{"name":"a"}\r\n--boundary\r\ncontent-type: image/png\r\n\r\n${MEDIA}\r\n--boundary--\r\n`

async function* inPieces(body: string, pieceBytes: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(body)
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) yield bytes.subarray(offset, offset + pieceBytes)
}

async function parse(body: string, pieceBytes: number, contentType = 'multipart/related; boundary=boundary') {
  const { metadata, mediaType, media } = await parseMultipartUpload(contentType, inPieces(body, pieceBytes))
  const pieces: Buffer[] = []
  for await (const piece of media) pieces.push(piece)
  return { metadata, mediaType, media: Buffer.concat(pieces).toString() }
}

test('the parts are the same however the body is cut into chunks', async () => {
  for (let pieceBytes = 1; pieceBytes <= BODY.length; pieceBytes++) {
    expect(await parse(BODY, pieceBytes)).toEqual({ metadata: { name: 'a' }, mediaType: 'image/png', media: MEDIA })
  }
})

test('a boundary may be quoted and media empty', async () => {
  const body = '--b b\r\n\r\n{}\r\n--b b\r\n\r\n\r\n--b b--'

  expect(await parse(body, 3, 'multipart/related; boundary="b b"')).toEqual({
    metadata: {},
    mediaType: null,
    media: '',
  })
})

test.each([
  ['no boundary in the header', BODY, 'multipart/related'],
  ['another boundary', BODY, 'multipart/related; boundary=other'],
  ['no closing boundary', BODY.slice(0, -20), undefined],
  ['metadata that is no JSON', BODY.replace('{"name":"a"}', '{'), undefined],
])('a body with %s is refused', async (_title, body, contentType) => {
  await expect(parse(body, 7, contentType)).rejects.toMatchObject({ status: 400 })
})
