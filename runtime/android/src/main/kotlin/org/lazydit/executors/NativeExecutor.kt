package org.lazydit.executors

import org.lazydit.Core
import org.lazydit.LazyDiTException
import org.lazydit.ModelBundle
import java.io.File

/** ExecuTorch inside the library's own native code: nothing crosses a language border between two programs. */
public object NativeExecutor : ExecutorFactory {
    override val name: String get() = "native"

    override fun obstacle(bundle: ModelBundle): String? =
        when {
            bundle.target != EXECUTORCH_TARGET -> "the bundle is for target ${bundle.target}"
            version == null -> "liblazydit_jni.so was built without ExecuTorch"
            else -> null
        }

    override fun open(
        bundle: ModelBundle,
        threads: Int?,
        weightCache: File?,
    ): Executor = NativePrograms(bundle, threads, weightCache)

    /** The ExecuTorch inside, or null where the library was built without it. */
    private val version: String? by lazy {
        try {
            Core.nativeEngineVersion().decodeToString()
        } catch (_: UnsatisfiedLinkError) {
            null
        }
    }
}

/** What bundles with ExecuTorch programs are exported for. */
internal const val EXECUTORCH_TARGET = "android"

private class NativePrograms(
    bundle: ModelBundle,
    threads: Int?,
    weightCache: File?,
) : Executor {
    private var handle =
        Core.openNativePrograms(bundle.handle.address, threads ?: 0, weightCache?.path?.encodeToByteArray())

    override val address: Long = Core.nativeExecutor(handle)

    override fun run(
        program: String,
        inputs: List<Tensor>,
        outputs: List<Tensor>,
    ): Unit = throw LazyDiTException("the native executor is called by its address: let a generation do that")

    @Synchronized
    override fun close() {
        Core.freeNativePrograms(handle)
        handle = 0
    }
}
