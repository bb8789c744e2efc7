import Foundation

/// Bytes of physical memory that this process has; nil where the system does not tell.
enum ProcessMemory {
    #if canImport(Darwin)
        static func resident() -> Int? { taskInfo().map { Int($0.resident_size) } }

        /// The most it has had.
        static func peak() -> Int? { taskInfo().map { Int($0.resident_size_max) } }

        private static func taskInfo() -> mach_task_basic_info? {
            var info = mach_task_basic_info()
            let word = MemoryLayout<integer_t>.size
            var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / word)
            let status = withUnsafeMutablePointer(to: &info) { info in
                info.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
                }
            }
            return status == KERN_SUCCESS ? info : nil
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
