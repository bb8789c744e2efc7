package org.lazydit.demo.benchmark

import org.json.JSONArray
import org.json.JSONObject
import org.lazydit.LazyDiT
import org.lazydit.Timings

/** A line of the table; times are medians in milliseconds where nothing else is said. */
class BenchmarkRow(
    private val timed: Timed,
    private val plainMs: Map<Int, Double>,
) {
    private val results = timed.results
    private val imageTimes = results.map { it.timings.totalMs }

    /** All steps but each image's first, where every policy runs everything. */
    private val steadyTimes = results.flatMap { it.timings.stepMs.drop(1) }

    val case = timed.case
    val lazyRatio = results.map { it.lazyRatio }.average()
    val imageMs = median(imageTimes)
    val imageMsP90 = percentile(imageTimes, P90)

    /** With the names of benchmarks/latency.py; "images" has one time per round, for ratios round by round. */
    fun toJson(
        lazydit: LazyDiT,
        threads: Int?,
    ): JSONObject {
        val row = JSONObject()
        row.put("engine", lazydit.executor)
        row.put("policy", case.name)
        row.put("threads", threads ?: JSONObject.NULL)
        row.put("precision", lazydit.bundle.precision)
        row.put("steps", case.steps)
        row.put("lazy_ratio", lazyRatio)
        row.put("first_step_ms", median(results.map { it.timings.stepMs.first() }))
        row.put("step_ms", orNull(steadyTimes, 1, ::median))
        row.put("step_ms_p90", orNull(steadyTimes, 1) { percentile(it, P90) })
        row.put("step_ms_deviation", orNull(steadyTimes, 2, ::deviation))
        row.put("image_ms", imageMs)
        row.put("image_ms_p90", imageMsP90)
        row.put("ddim_steps", if (plainMs.size < 2) JSONObject.NULL else equalLatencySteps(imageMs, plainMs))
        KINDS.forEach { (name, time) -> row.put(name, median(results.map { time(it.timings) })) }
        row.put("scheduler_share", median(results.map { it.timings.run { schedulerMs / totalMs } }))
        row.put("images", JSONArray(imageTimes))
        return row
    }

    private fun orNull(
        values: List<Double>,
        least: Int,
        statistic: (List<Double>) -> Double,
    ): Any = if (values.size < least) JSONObject.NULL else statistic(values)

    companion object {
        private const val P90 = 0.9

        private val KINDS: Map<String, (Timings) -> Double> =
            mapOf(
                "condition_ms" to Timings::conditionMs,
                "embed_ms" to Timings::embedMs,
                "attn_ms" to Timings::attnMs,
                "mlp_ms" to Timings::mlpMs,
                "block_ms" to Timings::blockMs,
                "reuse_ms" to Timings::reuseMs,
                "final_ms" to Timings::finalMs,
                "decode_ms" to Timings::decodeMs,
                "scheduler_ms" to Timings::schedulerMs,
            )

        fun of(all: List<Timed>): List<BenchmarkRow> {
            val plainMs =
                all.filter { it.case.isPlain }.associate { timed ->
                    timed.case.steps to median(timed.results.map { it.timings.totalMs })
                }
            return all.map { BenchmarkRow(it, plainMs) }
        }
    }
}
