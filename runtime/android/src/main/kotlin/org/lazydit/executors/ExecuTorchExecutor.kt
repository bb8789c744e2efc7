package org.lazydit.executors

import org.lazydit.LazyDiTException
import org.lazydit.ModelBundle
import org.lazydit.Program
import org.pytorch.executorch.EValue
import org.pytorch.executorch.Module
import java.io.File
import org.pytorch.executorch.Tensor as EngineTensor

/**
 * ExecuTorch from its own Android library, `org.pytorch:executorch-android`; it cannot write in place, so that every
 * output is copied once. Compiled against hand-written signatures of that library; it has not run yet.
 */
public object ExecuTorchExecutor : ExecutorFactory {
    override val name: String get() = "executorch"

    override fun obstacle(bundle: ModelBundle): String? =
        when {
            bundle.target != EXECUTORCH_TARGET -> "the bundle is for target ${bundle.target}"
            !isOnClassPath("org.pytorch.executorch.Module") -> "org.pytorch:executorch-android is not in the app"
            else -> null
        }

    /** The library has no cache for packed weights: `weightCache` is not used. */
    override fun open(
        bundle: ModelBundle,
        threads: Int?,
        weightCache: File?,
    ): Executor = ExecuTorchPrograms(bundle, threads ?: 0)
}

/** Whether the app brings a class, which is not initialized by that. */
internal fun isOnClassPath(name: String): Boolean =
    try {
        Class.forName(name, false, ExecutorFactory::class.java.classLoader)
        true
    } catch (_: ClassNotFoundException) {
        false
    }

/** One program runs at a time: a module's outputs last until it runs again. */
private class ExecuTorchPrograms(
    bundle: ModelBundle,
    private val threads: Int,
) : Executor {
    private val directory = bundle.directory
    private val programs: Map<String, Program> = bundle.programs.associateBy { it.name }
    private val modules = mutableMapOf<String, Module>()

    init {
        try {
            bundle.programs.forEach { load(it) }
        } catch (failure: RuntimeException) {
            close()
            throw failure
        }
    }

    @Synchronized
    override fun run(
        program: String,
        inputs: List<Tensor>,
        outputs: List<Tensor>,
    ) {
        val spec = programs.getValue(program)
        val taken = inputs.map { EValue.from(borrowed(it)) }.toTypedArray()
        val given =
            try {
                load(spec).execute(spec.method, *taken)
            } catch (failure: RuntimeException) {
                throw LazyDiTException(
                    "ExecuTorch failed in program $program (${failure.message}): export the bundle again",
                    failure,
                )
            }
        if (given.size != outputs.size) throw wrongSignature(spec)
        given.zip(outputs).forEach { (value, output) -> copy(value, output, spec) }
    }

    /** A program that shares its file stays: the file would stay with the others. */
    @Synchronized
    override fun doneWith(program: String) {
        val file = programs.getValue(program).file
        if (programs.values.count { it.file == file } == 1) modules.remove(file)?.close()
    }

    @Synchronized
    override fun close() {
        modules.values.forEach { it.close() }
        modules.clear()
    }

    private fun load(program: Program): Module =
        try {
            val module =
                modules.getOrPut(program.file) {
                    Module.load(File(directory, program.file).path, Module.LOAD_MODE_MMAP, threads)
                }
            module.loadMethod(program.method)
            module
        } catch (failure: RuntimeException) {
            throw LazyDiTException(
                "ExecuTorch cannot load ${program.file} (${failure.message}): export the bundle again",
                failure,
            )
        }
}

/** The engine's view on the scheduler's memory; nothing is copied. */
private fun borrowed(tensor: Tensor): EngineTensor =
    when (tensor.dtype) {
        DType.FLOAT32 -> EngineTensor.fromBlob(tensor.data.asFloatBuffer(), tensor.shape)
        DType.FLOAT16 -> EngineTensor.fromBlob(tensor.data.asShortBuffer(), tensor.shape)
        DType.INT64 -> EngineTensor.fromBlob(tensor.data.asLongBuffer(), tensor.shape)
    }

private fun copy(
    value: EValue,
    output: Tensor,
    program: Program,
) {
    val given = if (value.isTensor()) value.toTensor() else throw wrongSignature(program)
    if (!given.shape().contentEquals(output.shape)) throw wrongSignature(program)
    when (output.dtype) {
        DType.FLOAT32 -> given.copyDataInto(output.data.asFloatBuffer())
        DType.FLOAT16 -> given.copyDataInto(output.data.asShortBuffer())
        DType.INT64 -> given.copyDataInto(output.data.asLongBuffer())
    }
}

private fun wrongSignature(program: Program) =
    LazyDiTException(
        "method ${program.method} of ${program.file} has not the signature that the manifest gives program " +
            "${program.name}: export the bundle again",
    )
