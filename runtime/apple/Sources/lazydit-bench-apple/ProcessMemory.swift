import Foundation

/// Bytes of physical memory that this process has; nil where the system does not tell.
enum ProcessMemory {
    #if canImport(Darwin)
        /// What it has had at most, so far: all that this system tells.
        static func resident() -> Int? { peak() }

        /// The most it has had.
        static func peak() -> Int? {
            var usage = rusage()
            return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : nil
        }
    #else
        static func resident() -> Int? { status("VmRSS:") }

        /// The most it has had.
        static func peak() -> Int? { status("VmHWM:") }

        private static func status(_ name: String) -> Int? {
            let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = text?.split(separator: "\n").first { $0.hasPrefix(name) }
            let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
            return kilobytes.map { 1024 * $0 }
        }
    #endif
}
