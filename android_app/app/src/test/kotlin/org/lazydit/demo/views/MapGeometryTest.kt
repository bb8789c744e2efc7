package org.lazydit.demo.views

import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class MapGeometryTest {
    private fun geometry(rightToLeft: Boolean = false) =
        MapGeometry(steps = 4, blocks = 3, width = 80f, rowHeight = 10f, headingHeight = 15f, rightToLeft)

    @Test
    fun `attention lies above feedforward, each under its heading`() {
        assertEquals(90f, geometry().height)
        assertEquals(Box(0f, 15f, 20f, 25f), geometry().bounds(Cell(step = 0, module = 0)))
        assertEquals(Box(60f, 35f, 80f, 45f), geometry().bounds(Cell(step = 3, module = 4)))
        assertEquals(Box(20f, 70f, 40f, 80f), geometry().bounds(Cell(step = 1, module = 3)))
    }

    @Test
    fun `steps begin at the right edge where one reads so`() {
        assertEquals(Box(60f, 15f, 80f, 25f), geometry(rightToLeft = true).bounds(Cell(step = 0, module = 0)))
    }

    @Test
    fun `every cell is found at its middle and its corner`() {
        for (rightToLeft in listOf(false, true)) {
            val geometry = geometry(rightToLeft)
            for (step in 0 until 4) {
                for (module in 0 until 6) {
                    val cell = Cell(step, module)
                    val box = geometry.bounds(cell)
                    assertEquals(cell, geometry.cellAt((box.left + box.right) / 2, (box.top + box.bottom) / 2))
                    assertEquals(cell, geometry.cellAt(box.left, box.top))
                }
            }
        }
    }

    @Test
    fun `there is no cell on a heading and beside the map`() {
        for ((x, y) in listOf(5f to 14f, 5f to 46f, -1f to 20f, 80f to 20f, 5f to 90f, 5f to -1f)) {
            assertNull("$x, $y", geometry().cellAt(x, y))
        }
    }
}
