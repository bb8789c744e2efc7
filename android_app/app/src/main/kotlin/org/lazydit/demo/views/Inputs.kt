package org.lazydit.demo.views

import android.text.Editable
import android.text.TextWatcher
import android.view.View
import android.widget.EditText
import android.widget.SeekBar

/** Calls [changed] with every number that the user types; empty and too large ones are passed over. */
fun EditText.onNumber(changed: (ULong) -> Unit) {
    addTextChangedListener(
        object : TextWatcher {
            override fun beforeTextChanged(
                text: CharSequence?,
                start: Int,
                count: Int,
                after: Int,
            ) = Unit

            override fun onTextChanged(
                text: CharSequence?,
                start: Int,
                before: Int,
                count: Int,
            ) = Unit

            override fun afterTextChanged(text: Editable?) {
                text.toString().toULongOrNull()?.let(changed)
            }
        },
    )
}

/** Leaves alone what reads as [number] already, and with it the cursor. */
fun EditText.showNumber(number: ULong) {
    if (text.toString().toULongOrNull() != number) setText(number.toString())
}

/** Calls [moved] with every place that the user moves the slider to. */
fun SeekBar.onPlace(moved: (Int) -> Unit) {
    setOnSeekBarChangeListener(
        object : SeekBar.OnSeekBarChangeListener {
            override fun onProgressChanged(
                bar: SeekBar?,
                progress: Int,
                fromUser: Boolean,
            ) {
                if (fromUser) moved(progress)
            }

            override fun onStartTrackingTouch(bar: SeekBar?) = Unit

            override fun onStopTrackingTouch(bar: SeekBar?) = Unit
        },
    )
}

fun visibleIf(shown: Boolean): Int = if (shown) View.VISIBLE else View.GONE
