import Foundation

public enum MLMultiArrayDataType: Int {
    case double = 0x10040
    case float32 = 0x10020
    @available(macOS 12.0, iOS 16.0, *)
    case float16 = 0x10010
    case int32 = 0x20020

    fileprivate var size: Int { (rawValue & 0xff) / 8 }
}

public class MLMultiArray: NSObject {
    public let dataType: MLMultiArrayDataType
    public let shape: [NSNumber]
    public let strides: [NSNumber]
    private let bytes: UnsafeMutableRawBufferPointer
    private let deallocator: ((UnsafeMutableRawPointer) -> Void)?

    public init(
        dataPointer: UnsafeMutableRawPointer, shape: [NSNumber], dataType: MLMultiArrayDataType, strides: [NSNumber],
        deallocator: ((UnsafeMutableRawPointer) -> Void)? = nil
    ) throws {
        self.dataType = dataType
        self.shape = shape
        self.strides = strides
        // Up to the last scalar: what lies between them and beyond is not this array's.
        let last = zip(shape, strides).reduce(0) { $0 + ($1.0.intValue - 1) * $1.1.intValue }
        bytes = UnsafeMutableRawBufferPointer(start: dataPointer, count: (last + 1) * dataType.size)
        self.deallocator = deallocator
    }

    public convenience init(shape: [NSNumber], dataType: MLMultiArrayDataType) throws {
        let count = shape.reduce(1) { $0 * $1.intValue }
        var strides: [NSNumber] = []
        var stride = 1
        for size in shape.reversed() {
            strides.insert(NSNumber(value: stride), at: 0)
            stride *= size.intValue
        }
        try self.init(
            dataPointer: .allocate(byteCount: count * dataType.size, alignment: 64), shape: shape, dataType: dataType,
            strides: strides, deallocator: { $0.deallocate() })
    }

    deinit {
        if let start = bytes.baseAddress { deallocator?(start) }
    }

    @available(macOS 12.3, iOS 15.4, *)
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(bytes))
    }

    @available(macOS 12.3, iOS 15.4, *)
    public func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer, [Int]) throws -> R) rethrows -> R {
        try body(bytes, strides.map(\.intValue))
    }
}
