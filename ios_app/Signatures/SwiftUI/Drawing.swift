public protocol ShapeStyle: Sendable {}

public struct Color: ShapeStyle, View, Hashable, Sendable {
    public typealias Body = Never

    nonisolated public init(_ name: String, bundle: Bundle? = nil) { fatalError() }
}

public protocol Shape: Sendable, View {}

public protocol InsettableShape: Shape {}

extension Shape {
    nonisolated public func fill<S: ShapeStyle>(_ content: S, style: FillStyle = FillStyle()) -> some View { self }
}

extension InsettableShape {
    nonisolated public func strokeBorder<S: ShapeStyle>(
        _ content: S, lineWidth: CGFloat = 1, antialiased: Bool = true
    ) -> some View { self }
}

public struct FillStyle: Equatable, Sendable {
    public init(eoFill: Bool = false, antialiased: Bool = true) { fatalError() }
}

public enum RoundedCornerStyle: Sendable {
    case circular
    case continuous
}

public struct Rectangle: InsettableShape {
    public typealias Body = Never

    nonisolated public init() { fatalError() }
}

public struct RoundedRectangle: InsettableShape {
    public typealias Body = Never

    nonisolated public init(cornerRadius: CGFloat, style: RoundedCornerStyle = .continuous) { fatalError() }
}

public struct Path: Equatable, Sendable {
    public init(_ rect: CGRect) { fatalError() }
    public init(roundedRect rect: CGRect, cornerRadius: CGFloat, style: RoundedCornerStyle = .continuous) {
        fatalError()
    }
}

public struct GraphicsContext {
    public func fill(_ path: Path, with shading: Shading, style: FillStyle = FillStyle()) { fatalError() }
    public func stroke(_ path: Path, with shading: Shading, lineWidth: CGFloat = 1) { fatalError() }

    public struct Shading: Sendable {
        public static func color(_ color: Color) -> Shading { fatalError() }
    }
}

public enum ColorRenderingMode: Equatable, Hashable, Sendable {
    case nonLinear, linear, extendedLinear
}

public struct Canvas<Symbols: View>: View {
    public typealias Body = Never
}

extension Canvas where Symbols == EmptyView {
    nonisolated public init(
        opaque: Bool = false, colorMode: ColorRenderingMode = .nonLinear, rendersAsynchronously: Bool = false,
        renderer: @escaping (inout GraphicsContext, CGSize) -> Void
    ) {
        fatalError()
    }
}

public struct Image: Equatable, Sendable, View {
    public typealias Body = Never

    nonisolated public init(
        _ cgImage: CGImage, scale: CGFloat, orientation: Orientation = .up, label: Text
    ) {
        fatalError()
    }

    nonisolated public func resizable(
        capInsets: EdgeInsets = EdgeInsets(), resizingMode: ResizingMode = .stretch
    ) -> Image {
        fatalError()
    }
    nonisolated public func interpolation(_ interpolation: Interpolation) -> Image { fatalError() }

    public enum Orientation: UInt8, CaseIterable, Hashable, Sendable {
        case up, upMirrored, down, downMirrored, left, leftMirrored, right, rightMirrored
    }

    public enum ResizingMode: Sendable {
        case tile, stretch
    }

    public enum Interpolation: Sendable {
        case none, low, medium, high
    }
}

public struct EdgeInsets: Equatable, Sendable {
    public init() { fatalError() }
}
