package org.lazydit.demo.engine

import org.json.JSONObject
import org.lazydit.LazyDiT
import java.io.File

/** What the screens offer of a bundle. */
class BundleFacts(
    val numClasses: Int,
    val modules: Int,
    val defaultSteps: Int,
    val stepCounts: List<Int>,
    val scales: Map<Int, LazinessScale>,
    val checkpoint: String,
) {
    fun scale(steps: Int): LazinessScale = scales[steps] ?: LazinessScale(emptyList())

    companion object {
        private val USUAL_STEPS = listOf(10, 20, 50)

        /** Reads the manifest, which `lazydit` has checked. */
        fun of(lazydit: LazyDiT): BundleFacts {
            val bundle = lazydit.bundle
            val manifest = JSONObject(File(bundle.directory, "manifest.json").readText())
            val points = calibration(manifest)
            return BundleFacts(
                numClasses = bundle.numClasses,
                modules = bundle.modules.size,
                defaultSteps = bundle.defaultSteps,
                stepCounts = points.keys.sorted().ifEmpty { USUAL_STEPS },
                scales = points.mapValues { LazinessScale(it.value) },
                checkpoint = manifest.getJSONObject("model").getString("checkpoint_sha256"),
            )
        }

        /** By step count, from all of its gate sets. */
        private fun calibration(manifest: JSONObject): Map<Int, List<CalibrationPoint>> {
            val sets = manifest.getJSONArray("gate_sets")
            return (0 until sets.length())
                .map(sets::getJSONObject)
                .groupBy({ it.getInt("steps") }, ::points)
                .mapValues { it.value.flatten() }
        }

        private fun points(gateSet: JSONObject): List<CalibrationPoint> {
            val rows = gateSet.getJSONArray("calibration")
            return (0 until rows.length()).map(rows::getJSONObject).map {
                CalibrationPoint(
                    gateSet.getString("name"),
                    it.getDouble("threshold"),
                    it.getDouble("lazy_ratio"),
                    if (it.isNull("psnr")) Double.POSITIVE_INFINITY else it.getDouble("psnr"),
                )
            }
        }
    }
}
