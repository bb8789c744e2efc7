package org.lazydit.demo.benchmark

import android.content.Intent
import org.json.JSONObject
import org.lazydit.demo.generation.PolicyChoice
import java.io.File

/**
 * What a computer asks for over adb (`benchmarks/latency.py --device android --app`).
 *
 * @property out name of the file to leave in the external folder's `benchmarks`.
 */
class BenchmarkOrder(
    val bundle: String?,
    val plan: BenchmarkPlan,
    val threads: Int?,
    private val out: String,
) {
    /** Leaves the report, or {"failed": sentence}: whole or not at all, since the computer waits for the name. */
    fun answer(
        externalFolder: File,
        json: JSONObject,
    ) {
        val folder = File(externalFolder, "benchmarks").apply { mkdirs() }
        val partial = File(folder, ".$out.part")
        partial.writeText(json.toString())
        check(partial.renameTo(File(folder, out))) { "cannot name the report $out" }
    }

    companion object {
        const val ACTION = "org.lazydit.demo.BENCHMARK"

        private val POLICIES =
            mapOf(
                "always" to PolicyChoice.ALWAYS,
                "lazy" to PolicyChoice.LAZY,
                "every-n" to PolicyChoice.EVERY_N,
                "schedule" to PolicyChoice.SCHEDULE,
            )
        private val FILE_NAME = Regex("[A-Za-z0-9_-][A-Za-z0-9_.-]*")

        /** Null where the intent is none, or not one that can be carried out. */
        fun of(intent: Intent): BenchmarkOrder? {
            if (intent.action != ACTION) return null
            val policies = intent.list("policies").map { POLICIES[it] ?: return null }
            val steps = intent.list("steps").map { it.toIntOrNull()?.takeIf { count -> count > 0 } ?: return null }
            val rounds = intent.getIntExtra("rounds", 0).takeIf { it > 0 } ?: return null
            val out = intent.getStringExtra("out")?.takeIf(FILE_NAME::matches) ?: return null
            val threads = if (intent.hasExtra("threads")) intent.getIntExtra("threads", 0).coerceAtLeast(1) else null
            return BenchmarkOrder(intent.getStringExtra("bundle"), BenchmarkPlan(policies, steps, rounds), threads, out)
        }

        private fun Intent.list(name: String) = getStringExtra(name).orEmpty().split(',').filter { it.isNotEmpty() }
    }
}
