package org.pytorch.executorch

import java.io.Closeable

/**
 * What the library calls of ExecuTorch's Android classes, written by hand after their public documentation for 1.5, so
 * that the executor compiles where `org.pytorch:executorch-android` cannot be had. None of it can run, and the
 * library's jar leaves it out.
 */
public class Module private constructor() : Closeable {
    public fun getMethods(): Array<String> = signatureOnly()

    public fun loadMethod(methodName: String): Unit = signatureOnly()

    public fun execute(
        methodName: String,
        vararg inputs: EValue,
    ): Array<EValue> = signatureOnly()

    override fun close(): Unit = signatureOnly()

    public companion object {
        public const val LOAD_MODE_MMAP: Int = 1

        @JvmStatic
        public fun load(
            modelPath: String?,
            loadMode: Int,
            numThreads: Int,
        ): Module = signatureOnly()
    }
}

internal fun signatureOnly(): Nothing = throw UnsupportedOperationException("add org.pytorch:executorch-android")
