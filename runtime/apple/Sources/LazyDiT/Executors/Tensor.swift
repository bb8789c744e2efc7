import LazyDiTCore

/// A dense, row-major tensor in memory that somebody else owns.
public struct Tensor {
    /// The tensor's bytes, all of them.
    public let data: UnsafeMutableRawBufferPointer
    public let dtype: DType
    public let shape: [Int]

    public init(data: UnsafeMutableRawBufferPointer, dtype: DType, shape: [Int]) {
        self.data = data
        self.dtype = dtype
        self.shape = shape
    }
}

/// Element types; the raw value is what a manifest calls one.
public enum DType: String, Codable, Sendable {
    case float32
    case float16
    case int64
}
