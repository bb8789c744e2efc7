package org.lazydit.demo.benchmark

import org.junit.Assert.assertEquals
import org.junit.Test

/** Expected values: numpy's median, quantile(method="inverted_cdf") and std(ddof=1). */
class StatisticsTest {
    private val values = listOf(3.5, 1.25, 9.0, 4.0, 2.5, 7.75, 0.5, 6.0, 5.0, 8.25, 1.0)

    @Test
    fun `of an odd and an even number of values`() {
        assertEquals(4.0, median(values), 0.0)
        assertEquals(4.5, median(values.dropLast(1)), 0.0)
        assertEquals(8.25, percentile(values, 0.9), 0.0)
        assertEquals(8.25, percentile(values.dropLast(1), 0.9), 0.0)
        assertEquals(3.023017758, deviation(values), 1e-9)
    }

    @Test
    fun `steps of plain DDIM lie on the line between measured counts and beyond them`() {
        val plain = mapOf(5 to 60.0, 10 to 110.0, 20 to 230.0)
        val found = listOf(90.0, 170.0, 50.0, 290.0).map { equalLatencySteps(it, plain) }
        assertEquals(listOf(8.0, 15.0, 4.0, 25.0), found)
    }
}
