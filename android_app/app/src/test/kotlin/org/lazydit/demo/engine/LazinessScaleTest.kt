package org.lazydit.demo.engine

import org.junit.Assert.assertEquals
import org.junit.Test

class LazinessScaleTest {
    private val scale =
        LazinessScale(
            listOf(
                CalibrationPoint("10-r30", 0.5, 0.30, 28.0),
                CalibrationPoint("10-r30", 0.9, 0.41, 24.0),
                CalibrationPoint("10-r30", 0.001, 0.06, 39.0),
                CalibrationPoint("10-r50", 0.5, 0.49, 24.0),
            ),
        )

    @Test
    fun `its places go from the least lazy point of all gate sets to the laziest`() {
        assertEquals(listOf(0.06, 0.30, 0.41, 0.49), scale.points.map { it.lazyRatio })
        assertEquals("10-r50", scale.points.last().gates)
    }

    @Test
    fun `a wished ratio finds the nearest measured one`() {
        assertEquals(listOf(0, 0, 1, 2, 3), listOf(0.0, 0.17, 0.31, 0.43, 1.0).map(scale::nearest))
    }

    @Test
    fun `of two points with the same ratio the better one has the place`() {
        val measured = listOf(CalibrationPoint("a", 0.5, 0.5, 20.0), CalibrationPoint("b", 0.7, 0.5, 22.0))
        assertEquals(listOf("b"), LazinessScale(measured).points.map { it.gates })
    }
}
