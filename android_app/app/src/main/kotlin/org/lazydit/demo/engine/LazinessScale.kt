package org.lazydit.demo.engine

import kotlin.math.abs

/**
 * What export measured of a gate set at one threshold.
 *
 * @property gates the set's name.
 * @property psnr in dB, of the images against plain DDIM with as many steps; infinite where they are equal.
 */
data class CalibrationPoint(
    val gates: String,
    val threshold: Double,
    val lazyRatio: Double,
    val psnr: Double,
)

/** The places of the laziness slider: the measured points of one step count, the least lazy first, the best for each ratio. */
class LazinessScale(
    measured: List<CalibrationPoint>,
) {
    val points: List<CalibrationPoint> =
        measured
            .sortedWith(compareBy({ it.lazyRatio }, { -it.psnr }))
            .distinctBy { it.lazyRatio }

    /** The place whose lazy ratio is nearest to the wished one; the scale must have points. */
    fun nearest(lazyRatio: Double): Int = points.indices.minBy { abs(points[it].lazyRatio - lazyRatio) }
}
