package org.lazydit

import org.lazydit.executors.ExecuTorchExecutor
import org.lazydit.executors.NativeExecutor
import org.lazydit.executors.OnnxRuntimeExecutor
import java.nio.ByteOrder
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import kotlin.test.assertTrue

class ExecutorsTest {
    private val request = Request(1, steps = 3, policy = Policy.Always)

    @Test
    fun `the bundle decides and the reason says why`() {
        LazyDiT.open(bundle("tiny-android")).use {
            assertEquals("native", it.executor)
            assertTrue("bundles for android" in it.executorReason, it.executorReason)
        }
        LazyDiT.open(bundle("tiny-onnx")).use {
            assertEquals("onnxruntime", it.executor)
            assertTrue("not native, since the bundle is for target onnx" in it.executorReason, it.executorReason)
        }
    }

    @Test
    fun `an executor can be forced where it fits`() {
        LazyDiT.open(bundle("tiny-android"), Options(executor = NativeExecutor)).use {
            assertEquals("native", it.executor)
        }
        val wrong = assertFailsWith<LazyDiTException> { open("tiny-android", Options(executor = OnnxRuntimeExecutor)) }
        assertSentence(wrong, "executor onnxruntime cannot run this bundle", "target android")
        val absent = assertFailsWith<LazyDiTException> { open("tiny-android", Options(executor = ExecuTorchExecutor)) }
        assertSentence(absent, "org.pytorch:executorch-android is not in the app")
    }

    @Test
    fun `what an executor in Kotlin throws arrives unchanged and nothing is left over`() {
        val thrown = IllegalStateException("from Kotlin")
        var fails = true
        val watched = Watched { program, _, _ -> if (fails && program == "final") throw thrown }
        open("tiny-onnx", Options(executor = watched)).use { lazyDiT ->
            val caught = assertFailsWith<IllegalStateException> { lazyDiT.draw(request) }
            // Coroutines copy an exception to add the collector's stack; the original is its cause.
            assertSame(thrown, generateSequence<Throwable>(caught) { it.cause }.last())
            fails = false
            assertEquals(3, lazyDiT.draw(request).steps)
        }
        assertEquals(1, watched.closed)
    }

    @Test
    fun `an error in Kotlin is no different`() {
        val watched = Watched { program, _, _ -> if (program == "embed") throw OutOfMemoryError("for a test") }
        open("tiny-onnx", Options(executor = watched)).use { lazyDiT ->
            assertFailsWith<OutOfMemoryError> { lazyDiT.draw(request) }
        }
    }

    @Test
    fun `closing within a program waits for it`() {
        lateinit var lazyDiT: LazyDiT
        val watched = Watched { program, _, _ -> if (program == "embed") lazyDiT.close() }
        lazyDiT = open("tiny-onnx", Options(executor = watched))
        assertSentence(assertFailsWith<LazyDiTException> { lazyDiT.draw(request) }, "closed")
        assertEquals(1, watched.closed)
    }

    @Test
    fun `an executor works on the scheduler's own memory in the manifest's shapes`() {
        val seen = mutableSetOf<String>()
        lateinit var lazyDiT: LazyDiT
        val watched =
            Watched { program, inputs, outputs ->
                val spec = lazyDiT.bundle.programs.first { it.name == program }
                seen += program
                (spec.inputs + spec.outputs).zip(inputs + outputs).forEach { (declared, tensor) ->
                    assertTrue(tensor.data.isDirect && tensor.data.order() == ByteOrder.nativeOrder())
                    assertEquals(declared.dtype, tensor.dtype.manifestName)
                    assertEquals(declared.shape.map { if (it == -1L) 3L else it }, tensor.shape.asList())
                    val size = tensor.shape.fold(if (declared.dtype == "int64") 8L else 4L, Long::times)
                    assertEquals(size, tensor.data.capacity().toLong())
                }
            }
        lazyDiT = open("tiny-onnx", Options(executor = watched))
        lazyDiT.use { watchedOne ->
            val latent = watchedOne.draw(request).latent
            open("tiny-onnx", Options()).use { assertContentEquals(it.draw(request).latent, latent) }
        }
        assertTrue(seen.containsAll(listOf("condition", "embed", "final")), "$seen")
    }

    @Test
    fun `a weight cache is filled and the image stays the same`() {
        val folder = temporaryFolder()
        val plain = open("tiny-android", Options()).use { it.draw(request).latent }
        repeat(2) {
            open(
                "tiny-android",
                Options(weightCache = folder),
            ).use { assertContentEquals(plain, it.draw(request).latent) }
        }
        assertTrue(folder.list().orEmpty().isNotEmpty())
    }

    private fun open(
        name: String,
        options: Options,
    ) = LazyDiT.open(bundle(name), options)
}
