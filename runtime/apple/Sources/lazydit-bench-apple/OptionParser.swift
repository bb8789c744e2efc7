/// An option of a command line, with a value or, where `value` is nil, as a flag.
struct CommandLineOption<Options> {
    /// Without the dashes.
    let name: String
    /// What stands for its value in the help.
    let value: String?
    let help: String
    let take: @Sendable (inout Options, String) throws -> Void

    fileprivate var usage: String { value.map { "--\(name) \($0)" } ?? "--\(name)" }
}

extension CommandLineOption: Sendable {}

/// The options of a command: long names only, as `--name value` or `--name=value`.
struct OptionParser<Options>: Sendable {
    let program: String
    let summary: String
    let example: String
    let options: [CommandLineOption<Options>]

    /// Hands every value to its option; what is returned is the help, where it was asked for. Throws ``UseError``.
    func parse(_ arguments: [String], into values: inout Options) throws -> String? {
        var left = arguments[...]
        while let argument = left.popFirst() {
            if argument == "--help" { return help }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let option = options.first(where: { parts[0] == "--\($0.name)" }) else {
                throw UseError("there is no option \(parts[0]): run \(program) --help")
            }
            try option.take(&values, value(of: option, parts, &left))
        }
        return nil
    }

    private func value(
        of option: CommandLineOption<Options>, _ parts: [String], _ left: inout ArraySlice<String>
    ) throws -> String {
        let given = parts.count > 1 ? parts[1] : nil
        guard option.value != nil else {
            if given != nil { throw UseError("\(parts[0]) takes no value: give it alone") }
            return ""
        }
        guard let value = given ?? left.popFirst() else {
            throw UseError("\(parts[0]) has no value: give \(option.usage)")
        }
        return value
    }

    private var help: String {
        let widest = options.map(\.usage.count).max() ?? 0
        let lines = options.map { option in
            "  " + option.usage + String(repeating: " ", count: widest - option.usage.count + 2) + option.help
        }
        return "\(summary)\n\nExample: \(example)\n\n" + lines.joined(separator: "\n")
    }
}
