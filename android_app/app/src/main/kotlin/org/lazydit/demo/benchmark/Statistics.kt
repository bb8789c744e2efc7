package org.lazydit.demo.benchmark

import kotlin.math.ceil
import kotlin.math.max
import kotlin.math.sqrt

/** The statistics of benchmarks/latency.py; each needs at least one value, [deviation] two. */
fun median(values: List<Double>): Double {
    val sorted = values.sorted()
    val middle = sorted.size / 2
    return if (sorted.size % 2 == 1) sorted[middle] else (sorted[middle - 1] + sorted[middle]) / 2
}

/** The smallest value that at least [share] of the values do not exceed. */
fun percentile(
    values: List<Double>,
    share: Double,
): Double = values.sorted()[max(ceil(share * values.size).toInt(), 1) - 1]

/** Standard deviation of a sample. */
fun deviation(values: List<Double>): Double {
    val mean = values.average()
    return sqrt(values.sumOf { (it - mean) * (it - mean) } / (values.size - 1))
}

/**
 * How many steps of plain DDIM take [imageMs]. [plainMs] holds the time of an image under policy `always` for at least
 * two step counts; it is linear between neighbouring counts, and goes on so past the ends.
 */
fun equalLatencySteps(
    imageMs: Double,
    plainMs: Map<Int, Double>,
): Double {
    val counts = plainMs.keys.sorted()
    val neighbours = counts.zipWithNext()
    val (low, high) = neighbours.find { imageMs <= plainMs.getValue(it.second) } ?: neighbours.last()
    val slope = (plainMs.getValue(high) - plainMs.getValue(low)) / (high - low)
    return low + (imageMs - plainMs.getValue(low)) / slope
}
