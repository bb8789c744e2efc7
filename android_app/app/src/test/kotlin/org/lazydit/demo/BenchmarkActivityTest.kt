package org.lazydit.demo

import android.content.Intent
import android.widget.TableLayout
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.lazydit.demo.Screens.await
import org.lazydit.demo.Screens.click
import org.lazydit.demo.Screens.isShown
import org.lazydit.demo.Screens.text
import org.lazydit.demo.views.ChoiceGroup
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.File

@RunWith(RobolectricTestRunner::class)
class BenchmarkActivityTest {
    @Before
    fun aReadyPhone() {
        Screens.setMemory()
        Screens.setBattery(percent = 80)
    }

    private fun opened(): ActivityController<BenchmarkActivity> =
        Robolectric.buildActivity(BenchmarkActivity::class.java).setup().also { controller ->
            await("the bundle") { controller.get().isShown(R.id.start) }
        }

    /** Lazy and plain DDIM, ten steps, three rounds. */
    private fun choosePlan(activity: BenchmarkActivity) {
        activity.view<ChoiceGroup>(R.id.policies).getChildAt(2).performClick()
        activity.view<ChoiceGroup>(R.id.steps).getChildAt(1).performClick()
        activity.view<ChoiceGroup>(R.id.rounds).getChildAt(0).performClick()
    }

    private fun order(vararg changes: Pair<String, Any>): Intent {
        val usual = mapOf("steps" to "10", "policies" to "always,lazy", "rounds" to 2, "out" to "benchmark-1.json")
        val extras = usual + changes
        return Intent("org.lazydit.demo.BENCHMARK").apply {
            for ((name, value) in extras) if (value is Int) putExtra(name, value) else putExtra(name, value as String)
        }
    }

    private fun answerTo(order: Intent): JSONObject {
        val answer = File(Screens.externalFolder, "benchmarks/benchmark-1.json")
        Robolectric.buildActivity(BenchmarkActivity::class.java, order).setup()
        await("the answer") { answer.isFile }
        assertEquals(listOf(answer.name), answer.parentFile!!.list()!!.toList())
        return JSONObject(answer.readText())
    }

    @Test
    fun `measures, shows a line per case and shares the report`() {
        val activity = opened().get()
        choosePlan(activity)
        activity.click(R.id.start)
        await("the results") { activity.isShown(R.id.results) }
        // Plain DDIM with ten and with five steps, and three gate sets, under a line of headings.
        assertEquals(6, activity.view<TableLayout>(R.id.table).childCount)
        assertEquals("Battery 31.2 °C, heat: none", activity.text(R.id.conditions))
        activity.click(R.id.share)
        val chooser = checkNotNull(shadowOf(activity).nextStartedActivity)

        @Suppress("DEPRECATION")
        val shared = checkNotNull(chooser.getParcelableExtra<Intent>(Intent.EXTRA_INTENT))
        val report = JSONObject(checkNotNull(shared.getStringExtra(Intent.EXTRA_TEXT)))
        assertEquals(3, report.getInt("rounds"))
        assertEquals(3, report.getJSONArray("conditions").length())
        assertEquals(31.2, report.getJSONArray("conditions").getJSONObject(2).getDouble("battery_celsius"), 0.0)
    }

    @Test
    fun `a computer's order is carried out and answered with the columns of the latency table`() {
        val answer = answerTo(order())
        assertEquals("digits", answer.getString("model"))
        assertEquals(3.0, answer.getDouble("guidance"), 0.0)
        val rows = answer.getJSONArray("rows").let { rows -> (0 until rows.length()).map(rows::getJSONObject) }
        assertEquals(
            setOf("always" to 10, "always" to 5, "lazy 10-r15" to 10, "lazy 10-r30" to 10, "lazy 10-r50" to 10),
            rows.map { it.getString("policy") to it.getInt("steps") }.toSet(),
        )
        for (row in rows) {
            assertEquals(COLUMNS, row.keys().asSequence().toSet())
            assertEquals(2, row.getJSONArray("images").length())
            val kinds =
                row
                    .keys()
                    .asSequence()
                    .filter { it in KINDS }
                    .sumOf(row::getDouble)
            assertEquals(row.getDouble("image_ms"), kinds, 0.2 * row.getDouble("image_ms"))
            assertEquals(row.getString("policy") == "always", row.getDouble("lazy_ratio") == 0.0)
        }
    }

    @Test
    fun `an order for a bundle that is not there fails with a sentence`() {
        assertTrue(answerTo(order("bundle" to "nowhere")).getString("failed").startsWith("There is no model"))
    }

    @Test
    fun `a pushed bundle is measured when the order names it`() {
        Screens.push("mine")
        assertFalse(answerTo(order("bundle" to "mine", "rounds" to 1)).has("failed"))
    }

    @Test
    fun `an order that cannot be understood, or whose answer would lie elsewhere, starts nothing`() {
        for (wrong in listOf("out" to "../../x.json", "policies" to "never", "steps" to "ten", "rounds" to 0)) {
            Robolectric.buildActivity(BenchmarkActivity::class.java, order(wrong)).setup().let { controller ->
                await("the bundle") { controller.get().isShown(R.id.start) }
                assertFalse(controller.get().isShown(R.id.results))
            }
        }
        assertFalse(File(Screens.externalFolder, "benchmarks").exists())
    }

    @Test
    fun `a low battery is refused unless the phone is plugged in`() {
        Screens.setBattery(percent = 9)
        val activity = opened().get()
        choosePlan(activity)
        activity.click(R.id.start)
        await("the problem") { activity.isShown(R.id.problem) }
        val text = activity.text(R.id.problem_text)
        assertTrue(text, text.startsWith("The battery is at 9 %"))
        Screens.setBattery(percent = 9, plugged = true)
        activity.click(R.id.start)
        await("the results") { activity.isShown(R.id.results) }
    }

    @Test
    fun `cancelling gives no results and the plan outlives the process`() {
        val controller = opened()
        choosePlan(controller.get())
        controller.get().click(R.id.start)
        await("an image") { Regex("Image [1-9].*").matches(controller.get().text(R.id.progress_text)) }
        controller.get().click(R.id.cancel)
        await("the end") { controller.get().isShown(R.id.start) }
        assertFalse(controller.get().isShown(R.id.results))
        val state = android.os.Bundle()
        controller
            .pause()
            .stop()
            .saveInstanceState(state)
            .destroy()
        val created = Robolectric.buildActivity(BenchmarkActivity::class.java).create(state)
        val after =
            created
                .start()
                .resume()
                .visible()
                .get()
        await("the bundle") { after.isShown(R.id.start) }
        assertEquals(setOf(0, 1), after.view<ChoiceGroup>(R.id.policies).chosen)
        assertEquals(setOf(0), after.view<ChoiceGroup>(R.id.rounds).chosen)
    }

    private companion object {
        val KINDS =
            setOf(
                "condition_ms",
                "embed_ms",
                "attn_ms",
                "mlp_ms",
                "block_ms",
                "reuse_ms",
                "final_ms",
                "decode_ms",
                "scheduler_ms",
            )

        /** Of benchmarks/rows.py, those that a phone can tell. */
        val COLUMNS =
            KINDS +
                setOf(
                    "engine",
                    "policy",
                    "threads",
                    "precision",
                    "steps",
                    "lazy_ratio",
                    "first_step_ms",
                    "step_ms",
                    "step_ms_p90",
                    "step_ms_deviation",
                    "image_ms",
                    "image_ms_p90",
                    "ddim_steps",
                    "scheduler_share",
                    "images",
                )
    }
}
