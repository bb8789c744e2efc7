package org.lazydit.executors

import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtLoggingLevel
import ai.onnxruntime.OrtSession

/**
 * ONNX Runtime's one environment in this process.
 *
 * All programs share its pool of threads: with a pool each, those of the program before would still wait for work,
 * busily, while the next one runs. Where the app has made the environment before, without such a pool, every program
 * has a pool of its own whose threads do not wait busily.
 */
internal class OnnxEnvironment private constructor(
    val engine: OrtEnvironment,
    private val sharesPool: Boolean,
    private val threads: Int?,
) {
    /** Of one session; to be closed. */
    fun options(): OrtSession.SessionOptions {
        val options = OrtSession.SessionOptions()
        options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR)
        // Without VNNI, int8 products of x86 would overflow their 16-bit sums.
        options.addConfigEntry("session.x64quantprecision", "1")
        if (sharesPool) {
            options.disablePerSessionThreads()
        } else {
            options.addConfigEntry("session.intra_op.allow_spinning", "0")
            threads?.let { options.setIntraOpNumThreads(it) }
        }
        return options
    }

    companion object {
        private var made: OnnxEnvironment? = null

        /** The first call counts: `threads` of a process never change, see `Options`. */
        @Synchronized
        fun get(threads: Int?): OnnxEnvironment = made ?: make(threads).also { made = it }

        private fun make(threads: Int?): OnnxEnvironment =
            OrtEnvironment.ThreadingOptions().use { pool ->
                threads?.let { pool.setGlobalIntraOpNumThreads(it) }
                try {
                    val level = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR
                    OnnxEnvironment(OrtEnvironment.getEnvironment(level, "lazydit", pool), true, threads)
                } catch (_: IllegalStateException) {
                    // The engine makes one environment per process and says so: that one has to do.
                    OnnxEnvironment(OrtEnvironment.getEnvironment(), false, threads)
                }
            }
    }
}
