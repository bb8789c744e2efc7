package org.lazydit.demo.views

import android.content.Context
import android.graphics.Canvas
import android.graphics.Paint
import android.util.AttributeSet
import android.view.View
import org.lazydit.demo.R
import org.lazydit.demo.benchmark.median

/** Milliseconds per step as bars, the first step at the starting edge. */
class StepBarsView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val density = resources.displayMetrics.density
    private val bar = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = context.getColor(R.color.primary) }
    private val line = Paint().apply { color = context.getColor(R.color.outline) }
    private val label =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            textSize = resources.getDimension(R.dimen.chart_text)
            color = context.getColor(R.color.text_soft)
        }

    var stepMs: List<Double> = emptyList()
        set(value) {
            field = value
            contentDescription = describe(value)
            invalidate()
        }

    private fun describe(values: List<Double>): String? {
        if (values.isEmpty()) return null
        val times = listOf(values.min(), values.max(), median(values)).map { durationText(resources, it) }
        return resources.getString(R.string.step_times_description, values.size, times[0], times[1], times[2])
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val height = (HEIGHT_DP * density + 2 * label.textSize).toInt()
        setMeasuredDimension(MeasureSpec.getSize(widthMeasureSpec), resolveSize(height, heightMeasureSpec))
    }

    override fun onDraw(canvas: Canvas) {
        if (stepMs.isEmpty()) return
        val rtl = layoutDirection == LAYOUT_DIRECTION_RTL
        val top = 2 * label.textSize
        label.textAlign = if (rtl) Paint.Align.RIGHT else Paint.Align.LEFT
        canvas.drawText(durationText(resources, stepMs.max()), if (rtl) width.toFloat() else 0f, label.textSize, label)
        canvas.drawRect(0f, top - density, width.toFloat(), top, line)
        val column = width.toFloat() / stepMs.size
        stepMs.forEachIndexed { step, ms ->
            val left = column * if (rtl) stepMs.size - 1 - step else step
            val tall = (ms / stepMs.max()).toFloat() * (height - top)
            canvas.drawRect(left, height - tall, left + column * BAR, height.toFloat(), bar)
        }
    }

    private companion object {
        const val HEIGHT_DP = 96

        /** A bar's share of its column. */
        const val BAR = 0.8f
    }
}
