package org.lazydit.demo

import android.content.Context
import android.content.res.Configuration
import android.os.Bundle
import android.os.Looper
import android.view.MotionEvent
import android.view.View
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeProvider
import android.widget.EditText
import android.widget.SeekBar
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.lazydit.demo.Screens.await
import org.lazydit.demo.Screens.click
import org.lazydit.demo.Screens.isShown
import org.lazydit.demo.Screens.text
import org.lazydit.demo.views.Cell
import org.lazydit.demo.views.ChoiceGroup
import org.lazydit.demo.views.DecisionMapView
import org.lazydit.demo.views.PictureView
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.File
import kotlin.math.roundToInt

@RunWith(RobolectricTestRunner::class)
class MainActivityTest {
    @Before
    fun roomForTheModel() = Screens.setMemory()

    private fun open(state: Bundle? = null): ActivityController<MainActivity> =
        Robolectric.buildActivity(MainActivity::class.java).also {
            if (state == null) {
                it.setup()
            } else {
                it
                    .create(state)
                    .start()
                    .restoreInstanceState(state)
                    .resume()
                    .visible()
            }
        }

    private fun opened(): MainActivity = open().get().also(::awaitIdle)

    private fun awaitIdle(activity: MainActivity) =
        await("the button to generate") {
            activity.isShown(R.id.generate) && activity.view<View>(R.id.generate).isEnabled
        }

    private fun drawn(): MainActivity =
        opened().also {
            it.click(R.id.generate)
            awaitDrawn(it)
        }

    private fun awaitDrawn(activity: MainActivity) {
        await("the picture") { activity.view<PictureView>(R.id.picture).bitmap != null }
        awaitIdle(activity)
    }

    private fun choose(
        activity: MainActivity,
        group: Int,
        option: Int,
    ) {
        activity.view<ChoiceGroup>(group).getChildAt(option).performClick()
    }

    private fun pixels(activity: MainActivity): List<Int> {
        val bitmap = checkNotNull(activity.view<PictureView>(R.id.picture).bitmap)
        return IntArray(bitmap.width * bitmap.height)
            .also {
                bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
            }.toList()
    }

    @Test
    fun `offers what the bundle of its assets has, and tells the time before it runs`() {
        val activity = opened()
        assertEquals(10, activity.view<ChoiceGroup>(R.id.digits).childCount)
        assertEquals(2, activity.view<ChoiceGroup>(R.id.steps).childCount)
        val estimate = activity.text(R.id.estimate)
        assertTrue(estimate, Regex("About .* m?s here; plain DDIM about .* m?s").matches(estimate))
        assertFalse(activity.isShown(R.id.pictures))
    }

    @Test
    fun `measures the device once`() {
        val first = opened().text(R.id.estimate)
        assertEquals(first, opened().text(R.id.estimate))
    }

    @Test
    fun `the time that the slider foretells follows from the ratio that was measured there`() {
        val manifest = JSONObject(File(Screens.bundle, "manifest.json").readText())
        val sets = manifest.getJSONArray("gate_sets").let { all -> (0 until all.length()).map(all::getJSONObject) }
        val ratios =
            sets
                .filter { it.getInt("steps") == 20 }
                .map { it.getJSONArray("calibration") }
                .flatMap { points ->
                    (0 until points.length()).map { points.getJSONObject(it).getDouble("lazy_ratio") }
                }
        val checkpoint = manifest.getJSONObject("model").getString("checkpoint_sha256")
        // A run takes 2 ms, a reuse 0.25 and the rest of a step 4.
        Screens.application
            .getSharedPreferences("speed", Context.MODE_PRIVATE)
            .edit()
            .putString(checkpoint, "2.0 0.25 4.0")
            .commit()
        val activity = opened()
        val slider = activity.view<SeekBar>(R.id.laziness_slider)
        for ((place, ratio) in mapOf(0 to ratios.min(), slider.max to ratios.max())) {
            slider.performAccessibilityAction(
                AccessibilityNodeInfo.AccessibilityAction.ACTION_SET_PROGRESS.id,
                Bundle().apply { putFloat(AccessibilityNodeInfo.ACTION_ARGUMENT_PROGRESS_VALUE, place.toFloat()) },
            )
            await("the slider") { slider.progress == place }
            assertEquals("${(100 * ratio).roundToInt()} % reused", activity.text(R.id.laziness_value))
            val seconds = 20 * (4 + 24 * (0.25 * ratio + 2 * (1 - ratio))) / 1000
            val expected = if (seconds < 1) "%.0f ms".format(1000 * seconds) else "%.1f s".format(seconds)
            assertEquals("About $expected here; plain DDIM about 1.0 s", activity.text(R.id.estimate))
        }
    }

    @Test
    fun `draws the digit, step by step, and then plain DDIM in the same time`() {
        val activity = opened()
        activity.click(R.id.generate)
        val seen = sortedSetOf<String>()
        await("the picture") {
            if (activity.isShown(R.id.running)) seen += activity.text(R.id.progress_text)
            activity.view<PictureView>(R.id.plain_picture).bitmap != null
        }
        awaitIdle(activity)
        assertTrue("$seen", seen.any { Regex("Step \\d+ of 20").matches(it) })
        assertTrue("$seen", seen.any { it.startsWith("Plain DDIM for comparison") })
        assertTrue(activity.text(R.id.caption), activity.text(R.id.caption).startsWith("Lazy\n20 steps, "))
        val plainSteps = Regex("(\\d+) steps?, ").find(activity.text(R.id.plain_caption))!!.groupValues[1].toInt()
        assertTrue("$plainSteps", plainSteps in 1..20)
        assertTrue("a digit is neither black nor white all over", pixels(activity).distinct().size > 100)
    }

    @Test
    fun `the map holds every decision and a tap tells the score`() {
        val activity = drawn()
        val map = activity.view<DecisionMapView>(R.id.map)
        val trace = checkNotNull(map.trace)
        assertEquals(20, trace.steps)
        assertEquals(12, trace.modules.size)
        val percent = (100 * trace.lazyRatio).roundToInt()
        assertTrue(percent > 0)
        assertEquals("$percent % of the modules reached were reused", activity.text(R.id.decisions_summary))
        val box = map.geometry!!.bounds(Cell(step = 7, module = 5))
        tap(map, (box.left + box.right) / 2, (box.top + box.bottom) / 2)
        assertEquals(Cell(7, 5), map.selected)
        val score = "%.3f".format(trace.score(7, 0, 5))
        val words = activity.text(R.id.cell)
        assertTrue(words, words.startsWith("Feedforward, block 3, step 8; with the class: "))
        assertTrue(words, score in words)
    }

    private fun tap(
        map: DecisionMapView,
        x: Float,
        y: Float,
    ) {
        for (action in listOf(MotionEvent.ACTION_DOWN, MotionEvent.ACTION_UP)) {
            val event = MotionEvent.obtain(0, 0, action, x, y, 0)
            map.dispatchTouchEvent(event)
            event.recycle()
        }
    }

    @Test
    fun `TalkBack finds the map as a table and can choose a cell`() {
        val activity = drawn()
        val map = activity.view<DecisionMapView>(R.id.map)
        val nodes = map.accessibilityNodeProvider
        val table = checkNotNull(nodes.createAccessibilityNodeInfo(AccessibilityNodeProvider.HOST_VIEW_ID))
        assertEquals(20 * 12, table.childCount)
        assertEquals(12 to 20, table.collectionInfo.run { rowCount to columnCount })
        val cell = checkNotNull(nodes.createAccessibilityNodeInfo(3 * 20 + 4))
        assertEquals(3 to 4, cell.collectionItemInfo.run { rowIndex to columnIndex })
        val words = cell.contentDescription
        assertTrue("$words", words.startsWith("Feedforward, block 2, step 5; with the class:"))
        assertTrue(nodes.performAction(3 * 20 + 4, AccessibilityNodeInfo.ACTION_CLICK, null))
        assertEquals(Cell(4, 3), map.selected)
        assertNull(nodes.createAccessibilityNodeInfo(20 * 12))
    }

    @Test
    fun `everything that can be touched or seen has words for TalkBack`() {
        val activity = drawn()
        for (id in listOf(R.id.picture, R.id.plain_picture, R.id.step_bars, R.id.laziness_slider)) {
            val words = activity.view<View>(id).contentDescription
            assertTrue(activity.resources.getResourceEntryName(id), !words.isNullOrBlank())
        }
    }

    @Test
    fun `cancelling, at whatever moment, leaves no half of a result and lets the user go on`() {
        val activity = opened()
        val cancelled =
            (0 until 60 step 6).count { milliseconds ->
                activity.click(R.id.generate)
                Thread.sleep(milliseconds.toLong())
                shadowOf(Looper.getMainLooper()).idle()
                val underWay = activity.isShown(R.id.cancel)
                if (underWay) {
                    activity.click(R.id.cancel)
                    awaitIdle(activity)
                    assertFalse(activity.isShown(R.id.pictures) && activity.text(R.id.plain_caption).isNotEmpty())
                }
                underWay
            }
        assertTrue("$cancelled", cancelled > 0)
        activity.click(R.id.generate)
        awaitDrawn(activity)
    }

    @Test
    fun `plain DDIM is not compared with itself`() {
        val activity = opened()
        choose(activity, R.id.policies, 1)
        assertFalse(activity.isShown(R.id.laziness))
        activity.click(R.id.generate)
        awaitDrawn(activity)
        assertFalse(activity.isShown(R.id.plain))
        assertEquals(0.0, activity.view<DecisionMapView>(R.id.map).trace!!.lazyRatio, 0.0)
    }

    @Test
    fun `the other policies reuse what they are said to reuse`() {
        val activity = opened()
        val ratios =
            listOf(2, 3).map { policy ->
                choose(activity, R.id.policies, policy)
                activity.click(R.id.generate)
                awaitDrawn(activity)
                activity.view<DecisionMapView>(R.id.map).trace!!.lazyRatio
            }
        assertEquals(listOf(10 / 20.0, 19 / 40.0), ratios)
    }

    @Test
    fun `turning the screen loses nothing, not even a generation under way`() {
        val controller = open()
        awaitIdle(controller.get())
        controller.get().view<EditText>(R.id.seed).setText("77")
        choose(controller.get(), R.id.steps, 1)
        controller.get().click(R.id.generate)
        val turned =
            Configuration(controller.get().resources.configuration).apply {
                orientation = Configuration.ORIENTATION_LANDSCAPE
            }
        val before = controller.get()
        controller.configurationChange(turned)
        if (!controller
                .get()
                .window.decorView.isAttachedToWindow
        ) {
            controller.visible()
        }
        assertNotEquals(before, controller.get())
        awaitDrawn(controller.get())
        assertEquals(
            "77",
            controller
                .get()
                .view<EditText>(R.id.seed)
                .text
                .toString(),
        )
        assertEquals(
            20,
            controller
                .get()
                .view<DecisionMapView>(R.id.map)
                .trace!!
                .steps,
        )
    }

    @Test
    fun `after the process was ended the same picture is drawn again`() {
        val controller = open()
        awaitIdle(controller.get())
        controller.get().view<EditText>(R.id.seed).setText("5")
        choose(controller.get(), R.id.digits, 8)
        choose(controller.get(), R.id.steps, 0)
        controller.get().click(R.id.generate)
        awaitDrawn(controller.get())
        val before = pixels(controller.get())
        val state = Bundle()
        controller
            .pause()
            .stop()
            .saveInstanceState(state)
            .destroy()
        val after = open(state).get()
        awaitDrawn(after)
        assertEquals(before, pixels(after))
        assertEquals(setOf(8), after.view<ChoiceGroup>(R.id.digits).chosen)
        assertEquals("5", after.view<EditText>(R.id.seed).text.toString())
    }

    @Test
    fun `leaving the screen for good ends the work`() {
        val controller = open()
        awaitIdle(controller.get())
        choose(controller.get(), R.id.steps, 1)
        controller.get().click(R.id.generate)
        controller.pause().stop().destroy()
        val next = opened()
        assertFalse(next.isShown(R.id.pictures))
    }

    @Test
    fun `too little memory is said in plain words and can be tried again`() {
        Screens.setMemory(freeBytes = 3_000_000)
        val activity = open().get()
        await("the problem") { activity.isShown(R.id.problem) }
        val text = activity.text(R.id.problem_text)
        val expected = Regex("Not enough memory: the model needs \\d+\u00A0MB, and 3\u00A0MB are free\\. Close other.*")
        assertTrue(text, expected.matches(text))
        Screens.setMemory()
        activity.click(R.id.try_again)
        awaitIdle(activity)
        assertFalse(activity.isShown(R.id.problem))
    }

    @Test
    fun `a damaged bundle is refused with the sentence of the library`() {
        val folder = Screens.push("broken")
        folder.walk().first { it.extension == "pte" }.appendText("x")
        val activity = open().get()
        await("the problem") { activity.isShown(R.id.problem) }
        val text = activity.text(R.id.problem_text)
        assertTrue(text, text.startsWith("The model cannot be used: "))
    }

    @Test
    fun `a pushed bundle is taken, and one that is still being pushed is not`() {
        Screens.push("mine")
        File(Screens.externalFolder, "bundles/.other.new").mkdirs()
        File(Screens.externalFolder, "bundles/.other.new/manifest.json").writeText("not whole yet")
        opened()
        assertFalse("the app's own is not unpacked", File(Screens.application.noBackupFilesDir, "bundle").exists())
    }
}
