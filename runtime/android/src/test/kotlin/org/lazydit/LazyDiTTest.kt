package org.lazydit

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.last
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import java.util.concurrent.CountDownLatch
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue

class LazyDiTTest {
    private val demo = LazyDiT.open(bundle("demo-android"))

    @AfterTest
    fun close() = demo.close()

    @Test
    fun `a generation is one progress per step and then one result`() {
        val steps = runBlocking { demo.generate(Request(3, steps = 10)).toList() }
        val progress = steps.dropLast(1).map { assertIs<Step.Progress>(it) }
        assertEquals((0..9).toList(), progress.map { it.step })
        assertTrue(progress.all { it.steps == 10 && it.reached == 24 })
        assertEquals(0, progress[0].reused)
        val result = assertIs<Step.Done>(steps.last()).result
        assertEquals(result.lazyRatio, progress.sumOf { it.reused } / 240.0, 1e-12)
        assertEquals(progress.map { it.stepMs }, result.timings.stepMs)
        assertEquals(3, result.image?.channels)
        assertTrue(result.latent.all { it.isFinite() })
    }

    @Test
    fun `what is left open is the bundle's`() {
        val bundle = demo.bundle
        val result = demo.draw(Request(3))
        assertEquals(bundle.defaultSteps, result.steps)
        assertEquals(bundle.defaultGuidance, result.guidance)
        assertEquals(bundle.gateSets.first { it.steps == bundle.defaultSteps }.name, result.gates)
        assertEquals(listOf(3, 32, 32), bundle.latentShape)
        assertEquals(12, bundle.modules.size)
    }

    @Test
    fun `every collector of a flow has an image of its own and the seed decides which`() {
        val flow = demo.generate(Request(5, seed = 7u, steps = 10))
        val (first, second) = runBlocking { listOf(flow.last(), flow.last()) }.map { assertIs<Step.Done>(it).result }
        assertContentEquals(first.latent, second.latent)
        assertTrue(!first.latent.contentEquals(demo.draw(Request(5, seed = 8u, steps = 10)).latent))
    }

    @Test
    fun `a bundle that ends at the latent has no image`() {
        LazyDiT.open(bundle("tiny-android")).use { assertNull(it.draw(Request(0)).image) }
    }

    @Test
    fun `cancelling the collector ends the generation and the next one works`() {
        runBlocking {
            val started = CountDownLatch(1)
            val job = launch(Dispatchers.IO) { demo.generate(endless()).onEach { started.countDown() }.collect() }
            started.await()
            job.cancelAndJoin()
            assertTrue(job.isCancelled)
            assertIs<Step.Progress>(demo.generate(endless()).first())
        }
        assertEquals(10, demo.draw(Request(1, steps = 10)).steps)
    }

    @Test
    fun `a collector that throws ends the generation`() {
        val failure =
            assertFailsWith<IllegalStateException> {
                runBlocking { demo.generate(endless()).collect { error("enough") } }
            }
        assertEquals("enough", failure.message)
    }

    @Test
    fun `eight generations at once draw what one alone draws`() {
        val requests = List(8) { Request(it, seed = it.toULong(), steps = 10) }
        val alone = requests.map { demo.draw(it).latent }
        val together =
            runBlocking {
                requests.map { async(Dispatchers.IO) { demo.draw(it).latent } }.awaitAll()
            }
        alone.zip(together).forEach { (expected, latent) -> assertContentEquals(expected, latent) }
    }

    @Test
    fun `closing is allowed twice and everything afterwards is refused`() {
        val flow = demo.generate(Request(1))
        demo.close()
        demo.close()
        assertSentence(assertFailsWith<LazyDiTException> { runBlocking { flow.collect() } }, "closed")
        assertSentence(assertFailsWith<LazyDiTException> { demo.memory(Request(1)) }, "closed")
        assertEquals(10, demo.bundle.numClasses)
    }

    @Test
    fun `closing stops what is running`() {
        runBlocking {
            val started = CountDownLatch(2)
            val failures =
                List(2) {
                    async(Dispatchers.IO) {
                        assertFailsWith<LazyDiTException> {
                            demo
                                .generate(endless())
                                .onEach {
                                    if (it is Step.Progress &&
                                        it.step == 0
                                    ) {
                                        started.countDown()
                                    }
                                }.collect()
                        }
                    }
                }
            started.await()
            demo.close()
            failures.awaitAll().forEach { assertSentence(it, "closed") }
        }
    }

    @Test
    fun `what a bundle cannot do is refused in one sentence`() {
        fun refused(
            request: Request,
            vararg parts: String,
        ) = listOf<(Request) -> Unit>({ demo.draw(it) }, { demo.memory(it) }).forEach {
            assertSentence(assertFailsWith<LazyDiTException> { it(request) }, *parts)
        }
        refused(Request(10), "label 10", "0 to 9")
        refused(Request(-1), "label -1")
        refused(Request(1, steps = 0), "0 steps", "1 to 1000")
        refused(Request(1, steps = 1001), "1001 steps")
        refused(Request(1, steps = 11), "no gate set for 11 steps", "10, 20")
        refused(Request(1, guidance = Double.NaN), "guidance")
        refused(Request(1, policy = Policy.Lazy(gates = "none such")), "no gate set none such", "10-r30")
        refused(Request(1, steps = 20, policy = Policy.Lazy(gates = "10-r30")), "gate set 10-r30 is for 10 steps")
        refused(Request(1, steps = 3, policy = Policy.FixedSchedule(listOf(listOf(true)))), "1 steps and 1 modules")
        refused(Request(1, noise = FloatArray(5)), "5 numbers", "3072")
        refused(Request(1, policy = Policy.Lazy(gates = "a\u0000b")), "zero character")
    }

    @Test
    fun `a wished lazy ratio is about what comes out and what is out of reach is refused`() {
        val (steps, measured) =
            demo.bundle.lazyRatios.entries
                .first()
        val wished = measured.last() / 2
        val ratios =
            List(4) { demo.draw(Request(it, steps = steps, policy = Policy.Lazy(lazyRatio = wished))).lazyRatio }
        assertEquals(wished, ratios.average(), 0.1)
        assertEquals("always", demo.draw(Request(1, steps = steps, policy = Policy.Lazy(lazyRatio = 0.0))).policy)
        val failure =
            assertFailsWith<LazyDiTException> {
                demo.draw(Request(1, steps = steps, policy = Policy.Lazy(lazyRatio = 1.0)))
            }
        assertSentence(failure, "out of reach", "choose from 0 to")
        assertSentence(assertFailsWith<LazyDiTException> { Policy.Lazy("10-r30", lazyRatio = 0.2) }, "leave these out")
    }

    @Test
    fun `settings that can never work are refused when they are made`() {
        assertSentence(assertFailsWith<LazyDiTException> { Policy.EveryN(0) }, "n = 0")
        assertSentence(assertFailsWith<LazyDiTException> { Thresholds(0.5, 1.5) }, "1.5")
        assertSentence(assertFailsWith<LazyDiTException> { Thresholds(Double.NaN) }, "NaN")
        assertSentence(assertFailsWith<LazyDiTException> { MaxReuse.AtMost(0) }, "max_reuse is 0")
        assertSentence(assertFailsWith<LazyDiTException> { Options(threads = 0) }, "0 threads")
        val ragged = listOf(listOf(true), listOf(true, false))
        assertSentence(assertFailsWith<LazyDiTException> { Policy.FixedSchedule(ragged) }, "differ in length")
    }

    @Test
    fun `a trace knows its bounds`() {
        val trace = demo.draw(Request(1, steps = 10, guidance = 1.0)).trace
        assertEquals(1, trace.samples)
        assertTrue(trace.ran(0, 0, 11))
        assertFailsWith<IndexOutOfBoundsException> { trace.ran(0, 1, 0) }
        assertFailsWith<IndexOutOfBoundsException> { trace.score(10, 0, 0) }
        assertFailsWith<IndexOutOfBoundsException> { trace.moduleMs(0, 0, 12) }
    }

    @Test
    fun `the number of threads of a process is said once`() {
        val failure =
            assertFailsWith<LazyDiTException> { LazyDiT.open(bundle("tiny-android"), Options(threads = 7)) }
        assertSentence(failure, "threads", "restart the app for 7")
    }
}
