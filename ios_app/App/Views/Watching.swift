import LazyDiTDemo
import SwiftUI

/// Shows a value that changes, for as long as it is on the screen.
struct Watching<Value: Sendable, Content: View>: View {
    private let watched: Watched<Value>
    private let content: (Value) -> Content
    @State private var value: Value

    init(_ watched: Watched<Value>, @ViewBuilder content: @escaping (Value) -> Content) {
        self.watched = watched
        self.content = content
        _value = State(initialValue: watched.value)
    }

    var body: some View {
        content(value).task {
            for await value in watched.values() { self.value = value }
        }
    }
}
