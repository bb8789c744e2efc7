#if canImport(CoreML)
    import CoreML
    import Foundation
    import LazyDiT

    extension DType {
        /// Core ML has no int64.
        var inCoreML: MLMultiArrayDataType {
            switch self {
            case .float32: .float32
            case .float16: .float16
            case .int64: .int32
            }
        }

        fileprivate var size: Int {
            switch self {
            case .float16: 2
            case .float32: 4
            case .int64: 8
            }
        }
    }

    extension Tensor {
        /// What Core ML is given for this tensor: its own memory, but for int64, which is copied.
        func inputArray() throws -> MLMultiArray {
            guard dtype == .int64 else { return try arrayInPlace() }
            let array = try MLMultiArray(shape: numbers(shape), dataType: dtype.inCoreML)
            try array.withUnsafeMutableBytes { narrow, _ in
                for (index, value) in data.bindMemory(to: Int64.self).enumerated() {
                    guard let value = Int32(exactly: value) else { throw Fault("\(value) is beyond 32 bits") }
                    narrow.storeBytes(of: value, toByteOffset: 4 * index, as: Int32.self)
                }
            }
            return array
        }

        /// This tensor's memory as Core ML sees it. Not for int64.
        func arrayInPlace() throws -> MLMultiArray {
            guard let start = data.baseAddress else { throw Fault("a tensor has no memory") }
            return try MLMultiArray(
                dataPointer: start, shape: numbers(shape), dataType: dtype.inCoreML,
                strides: numbers(rowMajorStrides))
        }

        /// Fills this tensor with an output that lies elsewhere, in whatever order.
        func copy(_ array: MLMultiArray, called name: String) throws {
            guard array.dataType == dtype.inCoreML else { throw Fault("\(name) has not type \(dtype.rawValue)") }
            let found = array.shape.map(\.intValue)
            guard found == shape else { throw Fault("\(name) has shape \(found)") }
            try array.withUnsafeBytes { bytes in
                try gather(bytes, strides: array.strides.map(\.intValue), called: name)
            }
        }

        private func numbers(_ values: [Int]) -> [NSNumber] {
            values.map { NSNumber(value: $0) }
        }

        private var rowMajorStrides: [Int] {
            var strides = Array(repeating: 1, count: shape.count)
            for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
            return strides
        }

        private func gather(_ bytes: UnsafeRawBufferPointer, strides: [Int], called name: String) throws {
            // From this axis on, the elements lie one after another.
            var dense = shape.count
            while dense > 0, strides[dense - 1] == rowMajorStrides[dense - 1] || shape[dense - 1] == 1 { dense -= 1 }
            let block = dtype.size * shape[dense...].reduce(1, *)
            var offsets = [0]
            for axis in 0..<dense {
                offsets = offsets.flatMap { offset in
                    (0..<shape[axis]).map { offset + $0 * strides[axis] * dtype.size }
                }
            }
            for (index, offset) in offsets.enumerated() {
                guard offset + block <= bytes.count else { throw Fault("\(name) ends within its shape") }
                UnsafeMutableRawBufferPointer(rebasing: data[(index * block)..<((index + 1) * block)])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + block)]))
            }
        }
    }
#endif
