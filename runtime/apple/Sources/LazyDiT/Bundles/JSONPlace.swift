/// A value of a JSON document together with where it stands, so that what is wrong can be said.
///
/// Every reading method throws ``LazyDiTError/invalidBundle(_:)``, which names the place, where the value is not what it
/// has to be.
struct JSONPlace {
    private let value: JSONValue
    /// The name of the document.
    private let source: String
    private let path: String

    init(_ value: JSONValue, source: String) {
        self.init(value, source, "")
    }

    private init(_ value: JSONValue, _ source: String, _ path: String) {
        self.value = value
        self.source = source
        self.path = path
    }

    func wrong(_ problem: String) -> LazyDiTError {
        // Keys may hold anything; a sentence has one line.
        let place = "\(path.isEmpty ? "its top level" : path) (\(problem))"
        let line = String(String.UnicodeScalarView(place.unicodeScalars.map { $0.isControl ? " " : $0 }))
        return .invalidBundle("\(source) is wrong at \(line): export the bundle again")
    }

    var isNull: Bool {
        if case .null = value { true } else { false }
    }

    var isText: Bool {
        if case .text = value { true } else { false }
    }

    /// Nil for null.
    var ifNotNull: JSONPlace? { isNull ? nil : self }
}

/// The members of an object whose keys were checked.
struct JSONObject {
    fileprivate let members: [String: JSONPlace]

    /// A required member.
    subscript(key: String) -> JSONPlace { members[key]! }

    /// An optional member; nil where it was left out.
    func optional(_ key: String) -> JSONPlace? { members[key] }
}

extension JSONPlace {
    /// An object with all of the required keys and none but the required and the optional ones.
    func object(_ required: [String], optional: [String] = []) throws -> JSONObject {
        let members = try members()
        for (key, _) in members where !required.contains(key) && !optional.contains(key) {
            throw wrong("there is no such thing as \(key)")
        }
        let byKey = Dictionary(uniqueKeysWithValues: members)
        for key in required where byKey[key] == nil { throw wrong("\(key) is missing") }
        return JSONObject(members: byKey)
    }

    /// An object's members by key.
    func members() throws -> [(String, JSONPlace)] {
        guard case .object(let members) = value else { throw wrong("it is not an object") }
        return members.sorted { $0.key < $1.key }.map { key, value in
            (key, JSONPlace(value, source, path.isEmpty ? key : "\(path).\(key)"))
        }
    }

    func items(_ counts: ClosedRange<Int> = 0...Int.max) throws -> [JSONPlace] {
        guard case .list(let items) = value else { throw wrong("it is not a list") }
        guard counts.contains(items.count) else { throw wrong("it is a list of \(items.count)") }
        return items.enumerated().map { JSONPlace($1, source, "\(path)[\($0)]") }
    }

    func integer(_ range: ClosedRange<Int>) throws -> Int {
        let number: Int?
        let shown: String
        switch value {
        case .integer(let integer): (number, shown) = (integer, "\(integer)")
        case .unsigned(let integer): (number, shown) = (nil, "\(integer)")
        default: throw wrong("it is not an integer")
        }
        guard let number, range.contains(number) else {
            throw wrong("\(shown) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func boolean() throws -> Bool {
        guard case .boolean(let boolean) = value else { throw wrong("it is neither true nor false") }
        return boolean
    }

    func number() throws -> Double {
        switch value {
        case .integer(let integer): return Double(integer)
        case .unsigned(let integer): return Double(integer)
        case .number(let number) where number.isFinite: return number
        default: throw wrong("it is not a finite number")
        }
    }

    /// Both ends are excluded.
    func number(between low: Double, and high: Double) throws -> Double {
        let number = try number()
        guard number > low && number < high else { throw wrong("it is out of range") }
        return number
    }

    /// From 0 to 1.
    func share() throws -> Double {
        let number = try number()
        guard (0...1).contains(number) else { throw wrong("it is not from 0 to 1") }
        return number
    }

    func text() throws -> String {
        guard case .text(let text) = value else { throw wrong("it is not text") }
        return text
    }

    /// Text that is not empty, without control characters.
    func line() throws -> String { try text { !$0.isEmpty && $0.isPrintable } }

    /// 1 to 100 letters, digits, _ . -
    func name() throws -> String { try text(\.isName) }

    /// Relative, with forward slashes, without . and .. and control characters.
    func relativePath() throws -> String { try text(\.isRelativePath) }

    /// 64 lower-case hexadecimal digits.
    func sha256() throws -> String {
        try text { $0.utf8.count == 64 && $0.isMade(of: "0123456789abcdef") }
    }

    private func text(_ isWellFormed: (String) -> Bool) throws -> String {
        let text = try text()
        guard isWellFormed(text) else { throw wrong("it is malformed") }
        return text
    }

    /// Throws unless this is that word.
    func check(is word: String) throws {
        guard try text() == word else { throw wrong("it is unknown") }
    }

    /// One of the words of an enumeration.
    func one<Choice: RawRepresentable<String>>(of choices: [Choice]) throws -> Choice {
        let text = try text()
        guard let choice = choices.first(where: { $0.rawValue == text }) else { throw wrong("it is unknown") }
        return choice
    }
}
