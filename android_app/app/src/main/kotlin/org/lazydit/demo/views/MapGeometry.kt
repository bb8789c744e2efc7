package org.lazydit.demo.views

/** A module at a step. Modules are counted as in the core: attention of block b is 2b, feedforward 2b + 1. */
data class Cell(
    val step: Int,
    val module: Int,
) {
    val block get() = module / 2
    val isAttention get() = module % 2 == 0
}

data class Box(
    val left: Float,
    val top: Float,
    val right: Float,
    val bottom: Float,
)

/**
 * Where the cells of a map of decisions lie: two panels one above the other, attention and feedforward, each under a
 * heading of [headingHeight], with a row per block and a column per step. Steps begin at the starting edge.
 */
class MapGeometry(
    val steps: Int,
    val blocks: Int,
    private val width: Float,
    private val rowHeight: Float,
    val headingHeight: Float,
    private val rightToLeft: Boolean,
) {
    private val columnWidth = width / steps
    private val panelHeight = headingHeight + blocks * rowHeight

    val height = 2 * panelHeight
    val modules = 2 * blocks

    /** Top of the panel of attention or of feedforward. */
    fun panelTop(attention: Boolean): Float = if (attention) 0f else panelHeight

    fun bounds(cell: Cell): Box {
        val column = if (rightToLeft) steps - 1 - cell.step else cell.step
        val left = column * columnWidth
        val top = panelTop(cell.isAttention) + headingHeight + cell.block * rowHeight
        return Box(left, top, left + columnWidth, top + rowHeight)
    }

    /** The cell at a point, or null beside all cells. */
    fun cellAt(
        x: Float,
        y: Float,
    ): Cell? {
        if (x < 0 || x >= width || y < 0 || y >= height) return null
        val attention = y < panelHeight
        val row = (y - panelTop(attention) - headingHeight) / rowHeight
        if (row < 0) return null
        val column = (x / columnWidth).toInt().coerceAtMost(steps - 1)
        val step = if (rightToLeft) steps - 1 - column else column
        return Cell(step, 2 * row.toInt().coerceAtMost(blocks - 1) + if (attention) 0 else 1)
    }
}
