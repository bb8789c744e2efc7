#if canImport(CoreGraphics)
    import CoreGraphics
    import Foundation

    extension Pixels {
        /// The image in the colours of ``rgba``, taken as sRGB; nil where there are no pixels.
        public func cgImage() -> CGImage? {
            let bytesPerPixel = 4
            guard let space = CGColorSpace(name: CGColorSpace.sRGB),
                let provider = CGDataProvider(data: NSData(data: Data(rgba)) as CFData)
            else { return nil }
            return CGImage(
                width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 8 * bytesPerPixel,
                bytesPerRow: bytesPerPixel * width, space: space,
                bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.noneSkipLast.rawValue), provider: provider,
                decode: nil, shouldInterpolate: false, intent: .defaultIntent)
        }
    }
#endif
