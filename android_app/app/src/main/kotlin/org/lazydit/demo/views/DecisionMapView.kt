package org.lazydit.demo.views

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityNodeProvider
import org.lazydit.Trace
import org.lazydit.demo.R

/**
 * The map of a generation's decisions. A cell is filled where the module ran and faint where it was reused; with
 * guidance its upper half is the conditional sample and its lower half the unconditional one.
 */
class DecisionMapView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val density = resources.displayMetrics.density
    private val fill = Paint(Paint.ANTI_ALIAS_FLAG)
    private val frame =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            style = Paint.Style.STROKE
            strokeWidth = 2 * density
            color = context.getColor(R.color.text)
        }
    private val heading =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            textSize = resources.getDimension(R.dimen.chart_text)
            color = context.getColor(R.color.text_soft)
        }
    private val nodes = CellNodes(this)

    var geometry: MapGeometry? = null
        private set

    var trace: Trace? = null
        set(value) {
            if (field === value) return
            field = value
            selected = null
            requestLayout()
            invalidate()
        }

    var selected: Cell? = null
        private set

    var onSelected: (Cell?) -> Unit = {}

    fun select(cell: Cell?) {
        selected = cell
        invalidate()
        onSelected(cell)
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val width = MeasureSpec.getSize(widthMeasureSpec)
        geometry = trace?.let { geometryOf(it, width) }
        setMeasuredDimension(width, geometry?.height?.toInt() ?: 0)
    }

    private fun geometryOf(
        trace: Trace,
        width: Int,
    ) = MapGeometry(
        steps = trace.steps,
        blocks = trace.modules.size / 2,
        width = width.toFloat(),
        rowHeight = density * (PANEL_DP / (trace.modules.size / 2f)).coerceIn(LOWEST_ROW_DP, HIGHEST_ROW_DP),
        headingHeight = 2 * heading.textSize,
        rightToLeft = layoutDirection == LAYOUT_DIRECTION_RTL,
    )

    override fun onDraw(canvas: Canvas) {
        val trace = trace ?: return
        val geometry = geometry ?: return
        drawHeading(canvas, geometry, attention = true)
        drawHeading(canvas, geometry, attention = false)
        for (module in trace.modules.indices) {
            for (step in 0 until trace.steps) drawCell(canvas, geometry, trace, Cell(step, module))
        }
        selected?.let { cell ->
            val box = geometry.bounds(cell)
            canvas.drawRect(box.left, box.top, box.right, box.bottom, frame)
        }
    }

    private fun drawHeading(
        canvas: Canvas,
        geometry: MapGeometry,
        attention: Boolean,
    ) {
        val rtl = layoutDirection == LAYOUT_DIRECTION_RTL
        heading.textAlign = if (rtl) Paint.Align.RIGHT else Paint.Align.LEFT
        val text = resources.getString(if (attention) R.string.attention else R.string.feedforward)
        val y = geometry.panelTop(attention) + geometry.headingHeight - heading.textSize / 2
        canvas.drawText(text, if (rtl) width.toFloat() else 0f, y, heading)
    }

    private fun drawCell(
        canvas: Canvas,
        geometry: MapGeometry,
        trace: Trace,
        cell: Cell,
    ) {
        val box = geometry.bounds(cell)
        val gap = (box.right - box.left) * GAP
        val half = (box.bottom - box.top - gap) / trace.samples
        val radius = gap
        for (sample in 0 until trace.samples) {
            fill.color = context.getColor(colorOf(trace.ran(cell.step, sample, cell.module), cell.isAttention))
            val top = box.top + sample * half
            canvas.drawRoundRect(box.left, top, box.right - gap, top + half - gap / 2, radius, radius, fill)
        }
    }

    private fun colorOf(
        ran: Boolean,
        attention: Boolean,
    ) = when {
        !ran -> R.color.reused
        attention -> R.color.attention
        else -> R.color.feedforward
    }

    override fun onTouchEvent(event: MotionEvent): Boolean {
        if (event.action == MotionEvent.ACTION_UP) {
            geometry?.cellAt(event.x, event.y)?.let {
                select(it)
                performClick()
            }
        }
        return true
    }

    override fun dispatchHoverEvent(event: MotionEvent): Boolean =
        nodes.hover(event, geometry?.cellAt(event.x, event.y)) || super.dispatchHoverEvent(event)

    override fun getAccessibilityNodeProvider(): AccessibilityNodeProvider = nodes

    private companion object {
        const val PANEL_DP = 120f
        const val LOWEST_ROW_DP = 8f
        const val HIGHEST_ROW_DP = 22f

        /** Between cells, as a share of a cell's width. */
        const val GAP = 0.12f
    }
}
