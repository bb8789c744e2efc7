import Foundation
import Testing

@testable import LazyDiTCoreML

@Suite struct FolderLockTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    /// The exit status of a process that wants the lock beside others: 1 where somebody has it alone.
    private func statusOfAnotherProcess() throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        process.arguments = ["--nonblock", "--shared", folder.appendingPathComponent(FolderLock.file).path, "true"]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func anotherProcessHasItWhenThisOneLetsGo() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try FolderLock.holding(folder) { try statusOfAnotherProcess() } == 1)
        #expect(try statusOfAnotherProcess() == 0)
        #expect(throws: CancellationError.self) { try FolderLock.holding(folder) { throw CancellationError() } }
        #expect(try statusOfAnotherProcess() == 0)
    }

    @Test func thereIsNoneInAFolderThatIsMissing() {
        #expect(throws: POSIXError(.ENOENT)) { try FolderLock.holding(folder) {} }
    }
}
