import Foundation
import LazyDiTBenchmark

/// What a report says of the device.
public struct DeviceFacts: Equatable, Sendable {
    /// Apple's name of the model, such as `iPhone16,2`: an app is not told the name of the processor.
    public let processor: String
    /// The architecture.
    public let machine: String
    public let cpus: Int
    public let system: String

    public init(processor: String, machine: String, cpus: Int, system: String) {
        self.processor = processor
        self.machine = machine
        self.cpus = cpus
        self.system = system
    }

    /// Of the device that this runs on, whose system is called `name`.
    public static func current(system name: String) -> DeviceFacts {
        let version = ProcessInfo.processInfo.operatingSystemVersion
        #if arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "x86_64"
        #endif
        return DeviceFacts(
            processor: SystemNames.current.machine, machine: architecture, cpus: ProcessInfo.processInfo.processorCount,
            system: "\(name) \(version.majorVersion).\(version.minorVersion).\(version.patchVersion)")
    }
}
