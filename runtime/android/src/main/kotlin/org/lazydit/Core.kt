package org.lazydit

import org.lazydit.executors.DType
import org.lazydit.executors.Executor
import org.lazydit.executors.Tensor
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * The native side, in `src/main/cpp`. Handles are addresses; text travels as UTF-8. Every function throws
 * [LazyDiTException] with one sentence, or what a callback threw.
 */
internal object Core {
    init {
        System.loadLibrary("lazydit_jni")
    }

    /** What the manifest in this file lists; only its structure is checked. */
    @JvmStatic external fun manifestFiles(manifest: ByteArray): BundleFiles

    /** Checks the whole bundle. */
    @JvmStatic external fun openBundle(directory: ByteArray): Long

    @JvmStatic external fun describeBundle(bundle: Long): BundleDescription

    @JvmStatic external fun freeBundle(bundle: Long)

    @JvmStatic external fun memory(
        bundle: Long,
        wish: Wish,
    ): Memory

    @JvmStatic external fun plan(
        bundle: Long,
        wish: Wish,
    ): Long

    /**
     * Runs a generation; [executor] is called where [address] is 0. Null after a cancel.
     */
    @JvmStatic external fun run(
        generation: Long,
        address: Long,
        executor: ExecutorCalls?,
        label: Long,
        seed: Long,
        noise: FloatArray?,
        listener: StepListener,
    ): RunOutcome?

    @JvmStatic external fun cancel(generation: Long)

    @JvmStatic external fun freeGeneration(generation: Long)

    /** UnsatisfiedLinkError, as for the other three, where the library was built without ExecuTorch. */
    @JvmStatic external fun nativeEngineVersion(): ByteArray

    @JvmStatic external fun openNativePrograms(
        bundle: Long,
        threads: Int,
        weightCache: ByteArray?,
    ): Long

    @JvmStatic external fun nativeExecutor(programs: Long): Long

    @JvmStatic external fun freeNativePrograms(programs: Long)

    /** How C++ makes text: malformed bytes, as of a sentence cut within a character, are replaced. */
    @JvmStatic fun text(utf8: ByteArray): String = utf8.decodeToString()
}

/** What C++ reads of a [Request]; what is null, negative or empty is left open. */
internal class Wish(
    request: Request,
) {
    private val policy: Policy = request.policy

    @JvmField val policyName: ByteArray = policy.name.encodeToByteArray()

    @JvmField val gates: ByteArray? = (policy as? Policy.Lazy)?.gates?.encodeToByteArray()

    @JvmField val thresholds: DoubleArray? =
        (policy as? Policy.Lazy)?.thresholds?.let { doubleArrayOf(it.attn, it.mlp) }

    @JvmField val hasLazyRatio: Boolean = (policy as? Policy.Lazy)?.lazyRatio != null

    @JvmField val lazyRatio: Double = (policy as? Policy.Lazy)?.lazyRatio ?: 0.0

    @JvmField val everyN: Int = (policy as? Policy.EveryN)?.n ?: Policy.EveryN().n

    @JvmField val schedule: Array<BooleanArray>? =
        (policy as? Policy.FixedSchedule)?.run?.map { it.toBooleanArray() }?.toTypedArray()

    /** The core's number: 0 for no limit. */
    @JvmField val maxReuse: Int =
        when (val limit = policy.maxReuse) {
            MaxReuse.Stored -> LEFT_OPEN
            MaxReuse.Unlimited -> 0
            is MaxReuse.AtMost -> limit.steps
        }

    @JvmField val extrapolate: Int =
        when (policy.extrapolate) {
            null -> LEFT_OPEN
            false -> 0
            true -> 1
        }

    @JvmField val hasSteps: Boolean = request.steps != null

    @JvmField val steps: Int = request.steps ?: 0

    @JvmField val hasGuidance: Boolean = request.guidance != null

    @JvmField val guidance: Double = request.guidance ?: 0.0

    private companion object {
        const val LEFT_OPEN = -1
    }
}

/** Made by C++: the manifest, as far as Kotlin asks. */
internal class BundleDescription(
    val name: String,
    val target: String,
    val precision: String,
    val formatNames: Array<String>,
    val formatVersions: LongArray,
    val numClasses: Int,
    val latentShape: LongArray,
    val imageShape: LongArray?,
    val defaultSteps: Int,
    val defaultGuidance: Double,
    val modules: Array<String>,
    val gateSets: Array<GateSet>,
    val programs: Array<Program>,
    val lazyRatioSteps: LongArray,
    val lazyRatios: Array<DoubleArray>,
)

/** Made by C++: the files beside the manifest and how many bytes each has. */
internal class BundleFiles(
    val names: Array<String>,
    val sizes: LongArray,
)

/** Made by C++: copies of what a run left. */
internal class RunOutcome(
    val guidance: Double,
    val policy: String,
    val gates: String?,
    val timesteps: LongArray,
    val samples: Int,
    val latent: FloatArray,
    val image: FloatArray?,
    val scores: FloatArray,
    val ran: BooleanArray,
    val extrapolated: BooleanArray,
    val moduleMs: DoubleArray,
    val stepMs: DoubleArray,
    val timings: DoubleArray,
)

/** Called by C++ after every step, on the thread of the run. */
internal fun interface StepListener {
    fun onStep(
        step: Int,
        steps: Int,
        reached: Int,
        reused: Int,
        stepMs: Double,
    )
}

/** Called by C++ for every program, on the thread of the run. */
internal class ExecutorCalls(
    private val executor: Executor,
    private val programs: List<String>,
) {
    fun run(
        program: Int,
        inputs: Array<Tensor>,
        outputs: Array<Tensor>,
    ) {
        executor.run(programs[program], inputs.asList(), outputs.asList())
    }

    fun doneWith(program: Int) {
        executor.doneWith(programs[program])
    }

    companion object {
        /** [dtype] is the number of the C interface. */
        @JvmStatic fun tensor(
            data: ByteBuffer,
            dtype: Int,
            shape: LongArray,
        ): Tensor = Tensor(data.order(ByteOrder.nativeOrder()), DType.entries[dtype], shape)
    }
}
