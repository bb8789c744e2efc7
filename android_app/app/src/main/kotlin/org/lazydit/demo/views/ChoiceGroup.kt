package org.lazydit.demo.views

import android.content.Context
import android.util.AttributeSet
import android.view.View
import android.view.ViewGroup
import android.widget.CheckBox
import android.widget.CompoundButton
import android.widget.RadioButton
import org.lazydit.demo.R
import kotlin.math.max

/** Buttons in as many lines as they need, of which one or, where [multiple], any number can be chosen. */
class ChoiceGroup(
    context: Context,
    attributes: AttributeSet?,
) : ViewGroup(context, attributes) {
    private val gap = (8 * resources.displayMetrics.density).toInt()
    private var names: List<String> = emptyList()
    private var updating = false

    var multiple = false

    /** All as wide as fit this often into a line, unless one needs more room; 0: each as wide as its text. */
    var perLine = 0
    var onChosen: (Set<Int>) -> Unit = {}

    /** Places in the list of options. */
    var chosen: Set<Int> = emptySet()
        set(value) {
            field = value
            updating = true
            buttons().forEachIndexed { index, button -> button.isChecked = index in value }
            updating = false
        }

    fun setOptions(options: List<String>) {
        if (options == names) return
        names = options
        removeAllViews()
        options.forEachIndexed { index, name -> addView(button(index, name)) }
        chosen = chosen
    }

    override fun setEnabled(enabled: Boolean) {
        super.setEnabled(enabled)
        buttons().forEach { it.isEnabled = enabled }
    }

    private fun buttons() = (0 until childCount).map { getChildAt(it) as CompoundButton }

    private fun button(
        index: Int,
        name: String,
    ): CompoundButton {
        val made =
            if (multiple) CheckBox(context, null, 0, R.style.Choice) else RadioButton(context, null, 0, R.style.Choice)
        made.text = name
        made.isEnabled = isEnabled
        // The group says what is checked; the activity restores it.
        made.isSaveEnabled = false
        made.setOnCheckedChangeListener { _, checked -> if (!updating) choose(index, checked) }
        return made
    }

    private fun choose(
        index: Int,
        checked: Boolean,
    ) {
        chosen =
            if (!multiple) {
                setOf(index)
            } else if (checked) {
                chosen + index
            } else {
                chosen - index
            }
        onChosen(chosen)
    }

    override fun onMeasure(
        widthMeasureSpec: Int,
        heightMeasureSpec: Int,
    ) {
        measureChildren(widthMeasureSpec, MeasureSpec.makeMeasureSpec(0, MeasureSpec.UNSPECIFIED))
        val width = MeasureSpec.getSize(widthMeasureSpec)
        if (perLine > 0) align((width - (perLine - 1) * gap) / perLine)
        setMeasuredDimension(width, resolveSize(walk(width) { _, _, _ -> }, heightMeasureSpec))
    }

    private fun align(columnWidth: Int) {
        if (buttons().any { it.measuredWidth > columnWidth }) return
        val exactly = MeasureSpec.makeMeasureSpec(columnWidth, MeasureSpec.EXACTLY)
        buttons().forEach { it.measure(exactly, MeasureSpec.makeMeasureSpec(it.measuredHeight, MeasureSpec.EXACTLY)) }
    }

    override fun onLayout(
        changed: Boolean,
        left: Int,
        top: Int,
        right: Int,
        bottom: Int,
    ) {
        val rtl = layoutDirection == LAYOUT_DIRECTION_RTL
        walk(width) { child, start, y ->
            val x = if (rtl) width - start - child.measuredWidth else start
            child.layout(x, y, x + child.measuredWidth, y + child.measuredHeight)
        }
    }

    /** Calls [place] with every child's distance from the starting edge and from the top; returns the height. */
    private fun walk(
        width: Int,
        place: (View, Int, Int) -> Unit,
    ): Int {
        var start = 0
        var y = 0
        var lineHeight = 0
        for (child in buttons()) {
            if (start > 0 && start + child.measuredWidth > width) {
                start = 0
                y += lineHeight + gap
                lineHeight = 0
            }
            place(child, start, y)
            start += child.measuredWidth + gap
            lineHeight = max(lineHeight, child.measuredHeight)
        }
        return y + lineHeight
    }
}
