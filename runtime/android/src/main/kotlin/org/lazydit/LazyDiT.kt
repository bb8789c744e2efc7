package org.lazydit

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.launch
import org.lazydit.executors.Executor
import org.lazydit.executors.chooseExecutor
import java.io.File
import kotlin.coroutines.cancellation.CancellationException

/**
 * A bundle and the executor that runs its programs.
 *
 * Threads: everything may be called from any thread, and several generations may run at the same time; each has memory
 * of its own ([memory]). Whether their programs then run at the same time is up to the executor.
 *
 * [open] and [memory] read files and compute: call them off the main thread.
 *
 * @property bundle what is run.
 * @property executor the name of the executor, and [executorReason] one sentence that says why it is this one.
 */
public class LazyDiT private constructor(
    public val bundle: ModelBundle,
    public val executor: String,
    public val executorReason: String,
    private val imageShape: LongArray?,
    private val programs: Executor,
) : AutoCloseable {
    private val lifetime = Lifetime(::release)
    private val calls =
        if (programs.address == 0L) ExecutorCalls(programs, bundle.programs.map { it.name }) else null

    /**
     * Generates one image for every collector: a [Step.Progress] after every step, then [Step.Done].
     *
     * Cancelling the collector stops the generation before its next program; there is no partial image. The work is
     * done on [Dispatchers.IO] and does not wait for a slow collector.
     *
     * The flow fails with [LazyDiTException] where the request is not possible with this bundle (nothing was run then)
     * or after [close], and with what an executor threw, unchanged.
     */
    public fun generate(request: Request): Flow<Step> =
        channelFlow {
            val result = run(request) { trySend(it) }
            send(Step.Done(result))
        }.buffer(Channel.UNLIMITED).flowOn(Dispatchers.IO)

    /** The bytes that such a generation will allocate, beside the engine's own; nothing is allocated. */
    public fun memory(request: Request): Memory =
        lifetime.use {
            check(request)
            Core.memory(bundle.handle.address, Wish(request))
        }

    /**
     * Cancels what is running and lets go of all memory, as soon as the programs under way have ended; does not wait for
     * that. Generations that it stopped fail with [LazyDiTException]. Closing again does nothing.
     */
    override fun close() {
        lifetime.close()
    }

    private fun CoroutineScope.run(
        request: Request,
        progress: (Step.Progress) -> Unit,
    ): GenerationResult =
        lifetime.use {
            check(request)
            Generation(bundle.handle, Wish(request)).use { generation ->
                lifetime.running(generation) {
                    val outcome =
                        cancelling(generation) {
                            generation.run(programs.address, calls, request) { step, steps, reached, reused, stepMs ->
                                progress(Step.Progress(step, steps, reached, reused, stepMs))
                            }
                        }
                    outcome?.let { result(request, it) } ?: stopped()
                }
            }
        }

    /** Runs `work`; a cancellation of this scope, at whatever moment, cancels `generation`. */
    private inline fun <T> CoroutineScope.cancelling(
        generation: Generation,
        work: () -> T,
    ): T {
        val watch: Job =
            launch(Dispatchers.Unconfined) {
                try {
                    awaitCancellation()
                } finally {
                    generation.cancel()
                }
            }
        try {
            return work()
        } finally {
            watch.cancel()
        }
    }

    private fun CoroutineScope.stopped(): Nothing {
        ensureActive()
        throw if (lifetime.closed) closedException() else CancellationException("the generation was cancelled")
    }

    private fun check(request: Request) {
        if (request.label !in 0 until bundle.numClasses) {
            throw LazyDiTException(
                "label ${request.label} is out of range: choose from 0 to ${bundle.numClasses - 1}",
            )
        }
        val size = bundle.latentShape.reduce(Int::times)
        if (request.noise != null && request.noise.size != size) {
            throw LazyDiTException(
                "the noise has ${request.noise.size} numbers: give $size, which are ${bundle.latentShape}",
            )
        }
    }

    private fun result(
        request: Request,
        outcome: RunOutcome,
    ): GenerationResult =
        GenerationResult(
            label = request.label,
            seed = request.seed,
            steps = outcome.timesteps.size,
            guidance = outcome.guidance,
            policy = outcome.policy,
            gates = outcome.gates,
            latent = outcome.latent,
            image = outcome.image?.let { values -> imageShape?.let { pixels(it, values) } },
            trace =
                Trace(
                    timesteps = outcome.timesteps,
                    modules = bundle.modules,
                    samples = outcome.samples,
                    scores = outcome.scores,
                    ran = outcome.ran,
                    extrapolated = outcome.extrapolated,
                    moduleMs = outcome.moduleMs,
                ),
            timings = timings(outcome.timings, outcome.stepMs),
        )

    private fun release() {
        programs.close()
        bundle.handle.close()
    }

    public companion object {
        /**
         * Verifies the bundle in `directory` and loads its programs into an engine.
         *
         * @throws LazyDiTException with one sentence when anything is wrong; nothing was run then.
         */
        @JvmStatic
        @JvmOverloads
        public fun open(
            directory: File,
            options: Options = Options(),
        ): LazyDiT {
            val handle = BundleHandle(directory)
            try {
                val description = handle.describe()
                val bundle = ModelBundle(handle, directory, description)
                val choice = chooseExecutor(bundle, options.executor)
                val threads = ProcessThreads.agreed(options.threads)
                val programs = choice.factory.open(bundle, threads, options.weightCache)
                return LazyDiT(bundle, choice.factory.name, choice.reason, description.imageShape, programs)
            } catch (failure: Throwable) {
                handle.close()
                throw failure
            }
        }
    }
}

private fun pixels(
    shape: LongArray,
    values: FloatArray,
): Pixels = Pixels(shape[0].toInt(), shape[1].toInt(), shape[2].toInt(), values)

/** `kinds` are in the order of the core's `lazydit_timings`. */
private fun timings(
    kinds: DoubleArray,
    stepMs: DoubleArray,
): Timings =
    Timings(
        totalMs = kinds[0],
        conditionMs = kinds[1],
        embedMs = kinds[2],
        attnMs = kinds[3],
        mlpMs = kinds[4],
        blockMs = kinds[5],
        reuseMs = kinds[6],
        finalMs = kinds[7],
        decodeMs = kinds[8],
        schedulerMs = kinds[9],
        stepMs = stepMs.asList(),
    )
