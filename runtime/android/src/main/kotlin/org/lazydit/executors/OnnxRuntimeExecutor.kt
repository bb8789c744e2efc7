package org.lazydit.executors

import ai.onnxruntime.NodeInfo
import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import ai.onnxruntime.TensorInfo
import org.lazydit.LazyDiTException
import org.lazydit.ModelBundle
import org.lazydit.Program
import org.lazydit.TensorSpec
import java.io.File

/**
 * ONNX Runtime's CPU provider, `com.microsoft.onnxruntime:onnxruntime-android`; it reads and writes the scheduler's own
 * memory.
 */
public object OnnxRuntimeExecutor : ExecutorFactory {
    override val name: String get() = "onnxruntime"

    override fun obstacle(bundle: ModelBundle): String? =
        when {
            bundle.target != ONNX_TARGET -> "the bundle is for target ${bundle.target}"
            !isOnClassPath("ai.onnxruntime.OrtSession") -> "com.microsoft.onnxruntime is not in the app"
            else -> KNOWN_FORMATS.firstNotNullOfOrNull { (format, known) -> unknown(bundle, format, known) }
        }

    /** The engine packs no weights to keep: `weightCache` is not used. */
    override fun open(
        bundle: ModelBundle,
        threads: Int?,
        weightCache: File?,
    ): Executor = OnnxPrograms(bundle, OnnxEnvironment.get(threads))

    private fun unknown(
        bundle: ModelBundle,
        format: String,
        known: LongRange,
    ): String? {
        val version = bundle.formats[format]
        if (version != null && version in known) return null
        return "the bundle has $format ${version ?: "missing"}, this runtime knows ${known.first} to ${known.last}"
    }
}

private const val ONNX_TARGET = "onnx"

/** The versions that every supported ONNX Runtime reads. */
private val KNOWN_FORMATS = mapOf("onnx_opset" to 17L..23L, "onnx_ir_version" to 8L..11L)

private val ELEMENT_TYPES =
    mapOf(
        DType.FLOAT32 to OnnxJavaType.FLOAT,
        DType.FLOAT16 to OnnxJavaType.FLOAT16,
        DType.INT64 to OnnxJavaType.INT64,
    )

/** Several threads may run programs at the same time. */
private class OnnxPrograms(
    bundle: ModelBundle,
    private val environment: OnnxEnvironment,
) : Executor {
    private val programs: Map<String, Program> = bundle.programs.associateBy { it.name }
    private val sessions = mutableMapOf<String, OrtSession>()

    init {
        try {
            bundle.programs.forEach { sessions[it.name] = load(bundle, it) }
        } catch (failure: RuntimeException) {
            close()
            throw failure
        }
    }

    override fun run(
        program: String,
        inputs: List<Tensor>,
        outputs: List<Tensor>,
    ) {
        val spec = programs.getValue(program)
        val opened = mutableListOf<OnnxTensor>()
        try {
            val taken = named(spec.inputs, inputs, opened)
            val given = named(spec.outputs, outputs, opened)
            sessions.getValue(program).run(taken, emptySet<String>(), given).close()
        } catch (failure: OrtException) {
            throw LazyDiTException(
                "ONNX Runtime failed in program $program (${failure.message}): export the bundle again",
                failure,
            )
        } finally {
            opened.forEach { it.close() }
        }
    }

    override fun close() {
        sessions.values.forEach { it.close() }
        sessions.clear()
    }

    /** The engine's views on the scheduler's memory, under the names of the manifest; nothing is copied. */
    private fun named(
        specs: List<TensorSpec>,
        tensors: List<Tensor>,
        opened: MutableList<OnnxTensor>,
    ): Map<String, OnnxTensor> =
        specs.indices.associate { i ->
            val tensor = tensors[i]
            val type = ELEMENT_TYPES.getValue(tensor.dtype)
            val borrowed = OnnxTensor.createTensor(environment.engine, tensor.data, tensor.shape, type)
            opened += borrowed
            specs[i].name to borrowed
        }

    private fun load(
        bundle: ModelBundle,
        program: Program,
    ): OrtSession {
        val session =
            try {
                environment.options().use { options ->
                    environment.engine.createSession(File(bundle.directory, program.file).path, options)
                }
            } catch (failure: OrtException) {
                throw LazyDiTException(
                    "ONNX Runtime cannot load ${program.file} (${failure.message}): export the bundle again",
                    failure,
                )
            }
        val matches =
            session.metadata.graphName == program.method &&
                matches(session.inputInfo.values, program.inputs) &&
                matches(session.outputInfo.values, program.outputs)
        if (matches) return session
        session.close()
        throw LazyDiTException(
            "the graph of ${program.file} has not the name and signature that the manifest gives program " +
                "${program.name}: export the bundle again",
        )
    }
}

/** Whether names, element types and shapes are the manifest's, in its order; the engine too calls an open size -1. */
private fun matches(
    found: Collection<NodeInfo>,
    specs: List<TensorSpec>,
): Boolean =
    found.size == specs.size &&
        found.zip(specs).all { (node, spec) ->
            val info = node.info
            info is TensorInfo &&
                node.name == spec.name &&
                ELEMENT_TYPES.any { (dtype, type) -> dtype.manifestName == spec.dtype && type == info.type } &&
                info.shape.asList() == spec.shape
        }
