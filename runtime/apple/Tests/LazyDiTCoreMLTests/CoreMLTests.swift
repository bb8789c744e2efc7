import Testing

/// Of the Core ML executor, on what was recorded of the evaluator. One at a time: there is one engine behind the signatures.
@Suite(.serialized) struct CoreMLTests {}
