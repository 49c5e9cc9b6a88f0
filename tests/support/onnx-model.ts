import protobuf from 'protobufjs'

export interface TinyModel {
  /** Side of the square input; null leaves it open, as models exported with dynamic axes do. */
  side: number | null
  /** Channels of the input; anything but 3 is no picture. */
  channels?: number
}

const float = 1
const attributeOfInts = 7

/**
 * The bytes of a real ONNX model of one node: the mean over the channels, in the shape of a rembg model
 * (float NCHW in, one mask of the same size out). Bright means subject. Field numbers are those of onnx.proto3.
 */
export function tinyMaskModel({ side, channels = 3 }: TinyModel): Buffer {
  const model = message((into) => {
    into.uint32(8).int64(8) // ir_version
    nested(into, 7, (graph) => {
      nested(graph, 1, (node) => {
        node.uint32(10).string('picture')
        node.uint32(18).string('mask')
        node.uint32(34).string('ReduceMean')
        nested(node, 5, (attribute) => {
          attribute.uint32(10).string('axes')
          attribute.uint32(64).int64(1) // ints
          attribute.uint32(160).int32(attributeOfInts)
        })
      })
      graph.uint32(18).string('mean over channels')
      nested(graph, 11, (input) => tensorType(input, 'picture', [1, channels, side, side]))
      nested(graph, 12, (output) => tensorType(output, 'mask', [1, 1, side, side]))
    })
    nested(into, 8, (opset) => {
      opset.uint32(10).string('')
      opset.uint32(16).int64(13)
    })
  })
  return Buffer.from(model)
}

function tensorType(into: protobuf.Writer, name: string, shape: (number | null)[]): void {
  into.uint32(10).string(name)
  nested(into, 2, (type) =>
    nested(type, 1, (tensor) => {
      tensor.uint32(8).int32(float)
      nested(tensor, 2, (dimensions) => {
        for (const length of shape) {
          nested(dimensions, 1, (dimension) =>
            length === null ? dimension.uint32(18).string('side') : dimension.uint32(8).int64(length),
          )
        }
      })
    }),
  )
}

function nested(into: protobuf.Writer, field: number, write: (inner: protobuf.Writer) => void): void {
  into.uint32((field << 3) | 2).fork()
  write(into)
  into.ldelim()
}

function message(write: (into: protobuf.Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create()
  write(writer)
  return writer.finish()
}
