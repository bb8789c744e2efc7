import Foundation

/// What `uname` says of this machine.
public struct SystemNames: Sendable {
    /// Such as Linux or Darwin.
    public let name: String
    public let release: String
    /// The architecture; on an iPhone the model, such as `iPhone16,2`.
    public let machine: String

    public static var current: SystemNames {
        var names = utsname()
        uname(&names)
        return SystemNames(name: text(names.sysname), release: text(names.release), machine: text(names.machine))
    }

    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
