package org.lazydit

/**
 * Wall time of one generation in milliseconds, by kind of program.
 *
 * @property blockMs whole blocks; the trace shares each one's time evenly between its modules.
 * @property schedulerMs what was spent in no program.
 * @property stepMs one time per step.
 */
public data class Timings(
    val totalMs: Double,
    val conditionMs: Double,
    val embedMs: Double,
    val attnMs: Double,
    val mlpMs: Double,
    val blockMs: Double,
    val reuseMs: Double,
    val finalMs: Double,
    val decodeMs: Double,
    val schedulerMs: Double,
    val stepMs: List<Double>,
)
