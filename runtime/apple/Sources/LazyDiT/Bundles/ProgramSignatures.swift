// The signature that each role of the gate graph asks for.

extension Manifest {
    /// A tensor as a role of the graph asks for it; nil stands for the number of timesteps of one call.
    private typealias Wanted = (dtype: DType, shape: [Int?])

    /// Throws unless every program of the graph is there, lies in a listed file, and has the signature of its role.
    func checkPrograms() throws {
        let depth = model.depth
        let width = model.width
        let (channels, height) = (model.latentShape[0], model.latentShape[1])
        let hidden: Wanted = (model.activationType, [1, model.tokens, width])
        let vector = float32(1, 1, width)
        let latent = float32(1, channels, height, model.latentShape[2])
        let stream = [hidden, hidden, float32(1, width)]
        try check(
            graph.condition, takes: [(.int64, [1]), float32(nil)],
            gives: [float32(nil, depth, 6 * width), float32(nil, 2 * width)])
        try check(graph.embed, takes: [latent], gives: stream)
        for module in graph.modules {
            try check(module.program, takes: [hidden, hidden, vector, vector, vector], gives: stream + [hidden])
            try check(module.reuse, takes: [hidden, hidden, vector], gives: stream)
        }
        for block in graph.blocks {
            try check(
                block, takes: [hidden, hidden] + Array(repeating: vector, count: 6), gives: stream + [hidden, hidden])
        }
        if let extrapolate = graph.extrapolate {
            try check(extrapolate, takes: [hidden, hidden, hidden, float32(1, 1, 1), vector], gives: stream)
        }
        try check(
            graph.final, takes: [hidden, vector, vector],
            gives: [float32(1, model.outputChannels, height, model.latentShape[2])])
        if let decode = graph.decode {
            try check(decode, takes: [latent], gives: [(.float32, [1] + imageShape())])
        }
    }

    private func float32(_ shape: Int?...) -> Wanted { (.float32, shape) }

    private func check(_ name: String, takes inputs: [Wanted], gives outputs: [Wanted]) throws {
        let program = program(name)
        try require(program != nil) { "program \(name) is in the gate graph only" }
        guard let program else { return }
        try require(files[program.file] != nil || listsFiles(in: program.file)) {
            "\(program.file) of program \(name) is not listed in files"
        }
        try check("programs.\(name).inputs", program.inputs, are: inputs)
        try check("programs.\(name).outputs", program.outputs, are: outputs)
    }

    private func check(_ place: String, _ tensors: [TensorSpec], are wanted: [Wanted]) throws {
        try require(tensors.count == wanted.count) {
            "\(place) lists \(tensors.count) tensors, not \(wanted.count)"
        }
        for (i, (tensor, wanted)) in zip(tensors, wanted).enumerated() {
            try require(tensor.dtype == wanted.dtype && tensor.shape == wanted.shape) {
                "\(place)[\(i)] is \(described((tensor.dtype, tensor.shape))) and should be \(described(wanted))"
            }
        }
    }

    private func described(_ tensor: Wanted) -> String {
        let sizes = tensor.shape.map { $0.map(String.init) ?? "'T'" }
        return "\(tensor.dtype.rawValue) [\(sizes.joined(separator: ", "))]"
    }
}
