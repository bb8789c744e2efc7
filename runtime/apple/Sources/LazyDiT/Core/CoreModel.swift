import LazyDiTCore

extension ModelBundle {
    /// Calls `body` with the gate graph as the core takes it. Programs are numbered as in ``programs``.
    func withCoreModel<Value>(_ body: (UnsafePointer<lazydit_model>) throws -> Value) rethrows -> Value {
        let graph = manifest.graph
        let modules = graph.modules.map { number(of: $0.program) }
        let blocks = graph.blocks.map(number)
        return try modules.withUnsafeBufferPointer { modules in
            try blocks.withUnsafeBufferPointer { blocks in
                var model = lazydit_model(
                    depth: Int64(manifest.model.depth),
                    width: Int64(manifest.model.width),
                    tokens: Int64(manifest.model.tokens),
                    channels: Int64(latentShape[0]),
                    latent_height: Int64(latentShape[1]),
                    latent_width: Int64(latentShape[2]),
                    output_channels: Int64(manifest.model.outputChannels),
                    num_classes: Int64(numClasses),
                    condition_max_steps: Int64(graph.conditionMaxSteps),
                    condition_program: number(of: graph.condition),
                    embed_program: number(of: graph.embed),
                    module_programs: modules.baseAddress,
                    block_programs: blocks.isEmpty ? nil : blocks.baseAddress,
                    reuse_program: number(of: graph.modules[0].reuse),
                    extrapolate_program: graph.extrapolate.map(number) ?? -1,
                    final_program: number(of: graph.final),
                    decode_program: graph.decode.map(number) ?? -1,
                    image_channels: Int64(imageShape[0]),
                    image_height: Int64(imageShape[1]),
                    image_width: Int64(imageShape[2]),
                    activation_type: manifest.model.activationType == .float16 ? LAZYDIT_FLOAT16 : LAZYDIT_FLOAT32)
                return try body(&model)
            }
        }
    }

    /// Checked with the manifest: every name of the graph is a program's.
    private func number(of program: String) -> Int32 {
        Int32(programs.firstIndex { $0.name == program }!)
    }
}
