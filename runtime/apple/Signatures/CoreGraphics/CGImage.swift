// Stands for Apple's framework Core Graphics where it is not: what this package uses of it, written by hand from Apple's
// public documentation. It shows that the package agrees with that documentation as we read it, and nothing more.
//
// On Apple's systems CFString and CFData are types of Core Foundation, which Core Graphics re-exports.
import Foundation

public typealias CFString = NSString
public typealias CFData = NSData

public class CGColorSpace {
    public nonisolated(unsafe) static let sRGB: CFString = "kCGColorSpaceSRGB"

    public let name: CFString?

    public init?(name: CFString) {
        guard name == Self.sRGB else { return nil }
        self.name = name
    }
}

public class CGDataProvider {
    public let data: CFData?

    public init?(data: CFData) {
        self.data = data
    }
}

public enum CGImageAlphaInfo: UInt32 {
    case none, premultipliedLast, premultipliedFirst, last, first, noneSkipLast, noneSkipFirst, alphaOnly
}

public struct CGBitmapInfo: OptionSet {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

public enum CGColorRenderingIntent: Int32 {
    case defaultIntent, absoluteColorimetric, relativeColorimetric, perceptual, saturation
}

public class CGImage {
    public let width: Int
    public let height: Int
    public let bitsPerComponent: Int
    public let bitsPerPixel: Int
    public let bytesPerRow: Int
    public let colorSpace: CGColorSpace?
    public let bitmapInfo: CGBitmapInfo
    public let dataProvider: CGDataProvider?

    public init?(
        width: Int, height: Int, bitsPerComponent: Int, bitsPerPixel: Int, bytesPerRow: Int, space: CGColorSpace,
        bitmapInfo: CGBitmapInfo, provider: CGDataProvider, decode: UnsafePointer<CGFloat>?, shouldInterpolate: Bool,
        intent: CGColorRenderingIntent
    ) {
        guard width > 0, height > 0, bytesPerRow >= width * bitsPerPixel / 8 else { return nil }
        self.width = width
        self.height = height
        self.bitsPerComponent = bitsPerComponent
        self.bitsPerPixel = bitsPerPixel
        self.bytesPerRow = bytesPerRow
        colorSpace = space
        self.bitmapInfo = bitmapInfo
        dataProvider = provider
    }
}
