package org.lazydit.demo.views

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.util.AttributeSet
import android.view.View
import org.lazydit.demo.R

/** A square picture, enlarged smoothly, with rounded corners. */
class PictureView(
    context: Context,
    attributes: AttributeSet?,
) : View(context, attributes) {
    private val radius = 12 * resources.displayMetrics.density
    private val paint = Paint(Paint.FILTER_BITMAP_FLAG)
    private val outline = Path()
    private val area = RectF()

    var bitmap: Bitmap? = null
        set(value) {
            field = value
            invalidate()
        }

    init {
        setBackgroundResource(R.drawable.picture)
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        val width = MeasureSpec.getSize(widthMeasureSpec)
        setMeasuredDimension(width, width)
    }

    override fun onSizeChanged(
        width: Int,
        height: Int,
        oldWidth: Int,
        oldHeight: Int,
    ) {
        area.set(0f, 0f, width.toFloat(), height.toFloat())
        outline.reset()
        outline.addRoundRect(area, radius, radius, Path.Direction.CW)
    }

    override fun onDraw(canvas: Canvas) {
        val bitmap = bitmap ?: return
        canvas.clipPath(outline)
        canvas.drawBitmap(bitmap, null, area, paint)
    }
}
