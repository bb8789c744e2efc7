package org.lazydit.demo.benchmark

import android.os.Build
import org.json.JSONArray
import org.json.JSONObject
import org.lazydit.LazyDiT
import org.lazydit.demo.engine.BundleFacts

/** A finished benchmark. */
class BenchmarkReport(
    val rows: List<BenchmarkRow>,
    val conditions: List<DeviceCondition>,
    val json: JSONObject,
)

/** The report in the schema of benchmarks/latency.py: facts about the device and the run, and the rows. */
fun reportOf(
    lazydit: LazyDiT,
    plan: BenchmarkPlan,
    threads: Int?,
    all: List<Timed>,
    conditions: List<DeviceCondition>,
): BenchmarkReport {
    val rows = BenchmarkRow.of(all)
    val bundle = lazydit.bundle
    val json =
        JSONObject()
            .put("device", "android")
            .put("processor", if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) Build.SOC_MODEL else Build.HARDWARE)
            .put("machine", Build.SUPPORTED_ABIS.firstOrNull() ?: JSONObject.NULL)
            .put("cpus", Runtime.getRuntime().availableProcessors())
            .put("system", "Android ${Build.VERSION.RELEASE}, ${Build.MANUFACTURER} ${Build.MODEL}")
            .put("model", bundle.name)
            .put("checkpoint_sha256", BundleFacts.of(lazydit).checkpoint)
            .put("guidance", bundle.defaultGuidance)
            .put("rounds", plan.rounds)
            .put("executor", lazydit.executor)
            .put("conditions", JSONArray(conditions.mapIndexed { round, it -> it.toJson(round) }))
            .put("rows", JSONArray(rows.map { it.toJson(lazydit, threads) }))
    return BenchmarkReport(rows, conditions, json)
}
