import Foundation

extension Raster {
    /// As a PNG whose data is stored without compression.
    var png: Data {
        var header = Data()
        header.append(bigEndian: UInt32(width))
        header.append(bigEndian: UInt32(height))
        // 8 bits for each of red, green and blue; nothing else.
        header.append(contentsOf: [8, 2, 0, 0, 0])
        var rows = Data()
        for y in 0..<height {
            rows.append(0)
            for pixel in pixels[y * width..<(y + 1) * width] {
                rows.append(contentsOf: [pixel.red, pixel.green, pixel.blue])
            }
        }
        var png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        png.append(chunk: "IHDR", header)
        png.append(chunk: "IDAT", stored(rows))
        png.append(chunk: "IEND", Data())
        return png
    }

    /// A zlib stream of stored blocks.
    private func stored(_ data: Data) -> Data {
        let largest = 65_535
        var stream = Data([0x78, 0x01])
        for start in stride(from: 0, to: data.count, by: largest) {
            let block = data[start..<min(start + largest, data.count)]
            let size = UInt16(block.count)
            stream.append(block.endIndex == data.count ? 1 : 0)
            for value in [size, ~size] { stream.append(contentsOf: [UInt8(value & 0xFF), UInt8(value >> 8)]) }
            stream.append(block)
        }
        stream.append(bigEndian: adler32(data))
        return stream
    }

    private func adler32(_ data: Data) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in data {
            low = (low + UInt32(byte)) % 65_521
            high = (high + low) % 65_521
        }
        return high << 16 | low
    }
}

extension Data {
    fileprivate mutating func append(bigEndian value: UInt32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(chunk name: String, _ content: Data) {
        let named = Data(name.utf8) + content
        append(bigEndian: UInt32(content.count))
        append(named)
        append(bigEndian: named.crc32)
    }

    private var crc32: UInt32 {
        ~reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
    }
}
