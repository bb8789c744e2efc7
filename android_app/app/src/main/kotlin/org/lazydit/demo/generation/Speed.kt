package org.lazydit.demo.generation

import org.lazydit.GenerationResult
import org.lazydit.Trace
import org.lazydit.demo.benchmark.median
import kotlin.math.roundToInt

/**
 * How fast this device is with a bundle.
 *
 * @property runMs,reuseMs of one module, for one sample.
 * @property restMs of one step, everything outside the modules.
 */
data class Speed(
    val runMs: Double,
    val reuseMs: Double,
    val restMs: Double,
) {
    /** Time of an image of which [modules] modules a step, counted over all samples, are reached. */
    fun imageMs(
        steps: Int,
        modules: Int,
        lazyRatio: Double,
    ): Double = steps * (restMs + modules * (lazyRatio * reuseMs + (1 - lazyRatio) * runMs))

    /** How many steps of plain DDIM take [imageMs], as near as can be, from 1 to [most]. */
    fun plainSteps(
        imageMs: Double,
        modules: Int,
        most: Int,
    ): Int = (imageMs / imageMs(1, modules, 0.0)).roundToInt().coerceIn(1, most)

    /** With what [result] has shown of it. */
    fun updated(result: GenerationResult): Speed = measured(result, reuseMs)

    companion object {
        /**
         * From a generation that reused something, or with [reuseMs] for one that did not. Medians: a short spell in
         * which the device did something else should not count.
         */
        fun measured(
            result: GenerationResult,
            reuseMs: Double = 0.0,
        ): Speed {
            val cells = cells(result.trace)
            val reuses = cells.filter { !it.ran }.map { it.ms }
            val rest =
                result.timings.stepMs.mapIndexed { step, ms ->
                    ms - cells.filter { it.step == step }.sumOf { it.ms }
                }
            return Speed(
                runMs = median(cells.filter { it.ran }.map { it.ms }),
                reuseMs = if (reuses.isEmpty()) reuseMs else median(reuses),
                restMs = median(rest) + result.timings.run { conditionMs + decodeMs } / result.steps,
            )
        }

        private class TimedModule(
            val step: Int,
            val ran: Boolean,
            val ms: Double,
        )

        private fun cells(trace: Trace): List<TimedModule> =
            (0 until trace.steps).flatMap { step ->
                (0 until trace.samples).flatMap { sample ->
                    trace.modules.indices.map {
                        TimedModule(step, trace.ran(step, sample, it), trace.moduleMs(step, sample, it))
                    }
                }
            }
    }
}
