package org.lazydit.demo

import android.app.Activity
import android.app.ActivityManager
import android.content.Context
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.BatteryManager
import android.os.Looper
import android.view.View
import android.widget.TextView
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.File

/** What the tests of the screens share. */
object Screens {
    private const val PATIENCE_NS = 120_000_000_000
    private const val GIGABYTE = 1_000_000_000L

    val application: Context get() = RuntimeEnvironment.getApplication()
    val bundle = File(checkNotNull(System.getProperty("bundle")))
    val externalFolder: File get() = checkNotNull(application.getExternalFilesDir(null))

    fun setMemory(freeBytes: Long = 4 * GIGABYTE) {
        val memory = ActivityManager.MemoryInfo().apply { availMem = freeBytes }
        shadowOf(application.getSystemService(ActivityManager::class.java)).setMemoryInfo(memory)
    }

    @Suppress("DEPRECATION")
    fun setBattery(
        percent: Int,
        plugged: Boolean = false,
        tenthsOfDegree: Int = 312,
    ) {
        val battery =
            Intent(Intent.ACTION_BATTERY_CHANGED)
                .putExtra(BatteryManager.EXTRA_LEVEL, percent)
                .putExtra(BatteryManager.EXTRA_SCALE, 100)
                .putExtra(BatteryManager.EXTRA_PLUGGED, if (plugged) BatteryManager.BATTERY_PLUGGED_USB else 0)
                .putExtra(BatteryManager.EXTRA_TEMPERATURE, tenthsOfDegree)
        application.sendStickyBroadcast(battery)
    }

    /** Puts a bundle where `lazydit-export --install` would. */
    fun push(name: String): File = File(externalFolder, "bundles/$name").also { bundle.copyRecursively(it) }

    /** Lets the main thread work until [done]. */
    fun await(
        what: String,
        done: () -> Boolean,
    ) {
        val end = System.nanoTime() + PATIENCE_NS
        while (!done()) {
            check(System.nanoTime() < end) { "$what did not come about" }
            shadowOf(Looper.getMainLooper()).idle()
            Thread.sleep(1)
        }
    }

    fun picture(view: View): Bitmap =
        Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }

    /** Writes what is on the screen to NAME.png in the folder of the screenshots. */
    fun screenshot(
        activity: Activity,
        name: String,
    ) {
        shadowOf(Looper.getMainLooper()).idle()
        val file = File(checkNotNull(System.getProperty("screenshots")), "$name.png")
        file.parentFile?.mkdirs()
        file.outputStream().use { picture(activity.window.decorView).compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    fun Activity.text(id: Int): String = view<TextView>(id).text.toString()

    fun Activity.isShown(id: Int): Boolean = view<View>(id).isShown

    fun Activity.click(id: Int) {
        check(view<View>(id).isShown) { "${resources.getResourceEntryName(id)} is not on the screen" }
        view<View>(id).performClick()
    }
}
