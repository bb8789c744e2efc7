package org.lazydit

import android.graphics.Bitmap
import android.graphics.Color

/**
 * The picture, as an ARGB_8888 bitmap.
 *
 * @throws LazyDiTException where there is none to be made of the latent.
 */
public fun GenerationResult.toBitmap(): Bitmap {
    val pixels =
        image ?: throw LazyDiTException("this bundle has no decode program: take the latent and decode it yourself")
    if (!pixels.values.all { it.isFinite() }) {
        throw LazyDiTException(
            "the image of label $label grew beyond all numbers: choose a guidance closer to 1 than $guidance",
        )
    }
    return Bitmap.createBitmap(colors(pixels), pixels.width, pixels.height, Bitmap.Config.ARGB_8888)
}

private fun colors(pixels: Pixels): IntArray {
    val plane = pixels.width * pixels.height
    return IntArray(plane) { place ->
        val red = level(pixels.values[place])
        if (pixels.channels == 1) {
            Color.rgb(red, red, red)
        } else {
            Color.rgb(red, level(pixels.values[place + plane]), level(pixels.values[place + 2 * plane]))
        }
    }
}

/** Halves go to the even neighbour, as in the other runtimes. */
private fun level(value: Float): Int = Math.rint((value.coerceIn(-1f, 1f) + 1f) * 127.5).toInt()
