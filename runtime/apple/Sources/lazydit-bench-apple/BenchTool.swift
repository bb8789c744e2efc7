import Foundation
import LazyDiT

/// lazydit-bench-apple: how long a bundle's generations take through the Swift package, as JSON.
@main
struct BenchTool {
    private static let useError: Int32 = 2
    private static let interrupted: Int32 = 130

    static func main() async {
        do {
            var options = BenchOptions()
            let arguments = Array(CommandLine.arguments.dropFirst())
            if let help = try BenchOptions.commandLine.parse(arguments, into: &options) {
                print(help)
            } else if options.serve {
                try await serve(options)
            } else {
                let report = try await untilInterrupted { [options] in try await Report.measured(options) }
                print(try report.json())
            }
        } catch is CancellationError {
            complain("interrupted", exit: interrupted)
        } catch {
            complain("error: \(error.localizedDescription)", exit: useError)
        }
    }

    private static func serve(_ options: BenchOptions) async throws {
        let server = Server(try options.factory(), bundle: options.bundleFolder)
        while let question = readLine() { writeLine(try await server.answer(to: question)) }
    }

    /// At once, whatever standard output is.
    private static func writeLine(_ text: String) {
        FileHandle.standardOutput.write(Data("\(text)\n".utf8))
    }

    private static func complain(_ sentence: String, exit code: Int32) -> Never {
        FileHandle.standardError.write(Data("\(sentence)\n".utf8))
        exit(code)
    }
}
