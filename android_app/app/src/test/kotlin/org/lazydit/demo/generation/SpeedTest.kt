package org.lazydit.demo.generation

import org.junit.Assert.assertEquals
import org.junit.Test

class SpeedTest {
    private val speed = Speed(runMs = 2.0, reuseMs = 0.25, restMs = 4.0)

    @Test
    fun `an image takes its steps, its runs and its reuses`() {
        assertEquals(10 * (4.0 + 24 * 2.0), speed.imageMs(steps = 10, modules = 24, lazyRatio = 0.0), 1e-9)
        assertEquals(10 * (4.0 + 12 * 2.0 + 12 * 0.25), speed.imageMs(steps = 10, modules = 24, lazyRatio = 0.5), 1e-9)
    }

    @Test
    fun `as many steps of plain DDIM as take as long, but one at least and not more than the image had`() {
        assertEquals(listOf(1, 6, 10), listOf(1.0, 310.0, 9e9).map { speed.plainSteps(it, modules = 24, most = 10) })
    }
}
