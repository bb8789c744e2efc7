package org.lazydit.demo

import android.app.Activity
import android.widget.ProgressBar
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.lazydit.demo.Screens.await
import org.lazydit.demo.Screens.click
import org.lazydit.demo.Screens.isShown
import org.lazydit.demo.Screens.screenshot
import org.lazydit.demo.Screens.text
import org.lazydit.demo.views.Cell
import org.lazydit.demo.views.ChoiceGroup
import org.lazydit.demo.views.DecisionMapView
import org.lazydit.demo.views.PictureView
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.annotation.Config

/** Draws every state of the screens into the folder of the screenshots; tall ones show what would be scrolled to. */
@RunWith(RobolectricTestRunner::class)
class ScreenshotTest {
    @Before
    fun roomForTheModel() {
        Screens.setMemory()
        Screens.setBattery(percent = 80)
    }

    private fun opened(): MainActivity {
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup().get()
        await("the bundle") { activity.isShown(R.id.generate) && activity.isShown(R.id.estimate) }
        return activity
    }

    private fun drawn(): MainActivity =
        opened().also {
            it.click(R.id.generate)
            await("both pictures") {
                it.view<PictureView>(R.id.plain_picture).bitmap != null &&
                    it.isShown(R.id.generate)
            }
        }

    /** A blank picture would pass for a screenshot: the theme shows at the edge, and content in the middle. */
    private fun save(
        activity: Activity,
        name: String,
    ) {
        screenshot(activity, name)
        val picture = Screens.picture(activity.window.decorView)
        assertEquals(activity.getColor(R.color.background), picture.getPixel(2, picture.height - 3))
        assertTrue((0 until picture.height).map { picture.getPixel(picture.width / 2, it) }.distinct().size > 2)
    }

    @Test
    fun idle() = save(opened(), "idle")

    @Test
    fun running() {
        val activity = opened()
        activity.view<ChoiceGroup>(R.id.steps).getChildAt(1).performClick()
        activity.click(R.id.generate)
        await("five steps") { activity.view<ProgressBar>(R.id.progress).run { max == 20 && progress >= 5 } }
        save(activity, "running")
    }

    @Test
    @Config(qualifiers = "+h1690dp")
    fun done() {
        val activity = drawn()
        activity.view<DecisionMapView>(R.id.map).select(Cell(step = 7, module = 4))
        save(activity, "done")
    }

    @Test
    @Config(qualifiers = "+h1690dp-night")
    fun dark() = save(drawn(), "dark")

    @Test
    @Config(qualifiers = "+de-h1690dp")
    fun german() {
        val activity = drawn()
        assertEquals("Erzeugen", activity.text(R.id.generate))
        save(activity, "german")
    }

    @Test
    @Config(qualifiers = "+h2000dp")
    fun largeText() {
        RuntimeEnvironment.setFontScale(1.6f)
        save(drawn(), "large-text")
    }

    @Test
    @Config(qualifiers = "+ar-ldrtl")
    fun rightToLeft() {
        val activity = opened()
        val digits = activity.view<ChoiceGroup>(R.id.digits)
        assertTrue(digits.getChildAt(0).left > digits.getChildAt(1).left)
        save(activity, "right-to-left")
    }

    @Test
    fun error() {
        Screens.setMemory(freeBytes = 3_000_000)
        val activity = Robolectric.buildActivity(MainActivity::class.java).setup().get()
        await("the problem") { activity.isShown(R.id.problem) }
        save(activity, "error")
    }

    @Test
    @Config(qualifiers = "+h1010dp")
    fun benchmark() {
        val activity = Robolectric.buildActivity(BenchmarkActivity::class.java).setup().get()
        await("the bundle") { activity.isShown(R.id.start) }
        activity.view<ChoiceGroup>(R.id.rounds).getChildAt(0).performClick()
        activity.click(R.id.start)
        await("the results") { activity.isShown(R.id.results) }
        save(activity, "benchmark")
    }
}
