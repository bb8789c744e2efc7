package org.lazydit.demo.generation

import kotlin.math.roundToInt
import org.lazydit.GenerationResult

/**
 * How fast this device is with a bundle.
 *
 * @property runMs,reuseMs of one module, for one sample.
 * @property restMs of one step, everything outside the modules.
 */
data class Speed(val runMs: Double, val reuseMs: Double, val restMs: Double) {
    /** Time of an image of which [modules] modules a step, counted over all samples, are reached. */
    fun imageMs(steps: Int, modules: Int, lazyRatio: Double): Double =
        steps * (restMs + modules * (lazyRatio * reuseMs + (1 - lazyRatio) * runMs))

    /** How many steps of plain DDIM take [imageMs], as near as can be, from 1 to [most]. */
    fun plainSteps(imageMs: Double, modules: Int, most: Int): Int =
        (imageMs / imageMs(1, modules, 0.0)).roundToInt().coerceIn(1, most)

    /** With what [result] has shown of it. */
    fun updated(result: GenerationResult): Speed = measured(result, reuseMs)

    companion object {
        /** From a generation that reused something, or with [reuseMs] for one that did not. */
        fun measured(result: GenerationResult, reuseMs: Double = 0.0): Speed {
            val reached = result.trace.run { steps * samples * modules.size }
            val reused = (result.lazyRatio * reached).roundToInt()
            val timings = result.timings
            val running = timings.attnMs + timings.mlpMs + timings.blockMs
            return Speed(
                runMs = running / (reached - reused),
                reuseMs = if (reused > 0) timings.reuseMs / reused else reuseMs,
                restMs = (timings.totalMs - running - timings.reuseMs) / result.steps,
            )
        }
    }
}
