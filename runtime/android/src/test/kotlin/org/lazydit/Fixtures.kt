package org.lazydit

import kotlinx.coroutines.flow.last
import kotlinx.coroutines.runBlocking
import org.lazydit.executors.Executor
import org.lazydit.executors.ExecutorFactory
import org.lazydit.executors.OnnxRuntimeExecutor
import org.lazydit.executors.Tensor
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import kotlin.test.assertTrue

private val build = File(System.getProperty("lazydit.build"))

/** Bundles that `make android-bundles` exported: `demo-android`, `demo-onnx`, `tiny-android`, `tiny-onnx`. */
fun bundle(name: String): File = File(build, name)

/** What `write_reference.py` wrote. */
fun reference(name: String): File = File(build, "reference/$name")

fun floats(file: File): FloatArray {
    val numbers = ByteBuffer.wrap(file.readBytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
    return FloatArray(numbers.remaining()).also { numbers.get(it) }
}

fun LazyDiT.draw(request: Request): GenerationResult = runBlocking { (generate(request).last() as Step.Done).result }

/** What takes long enough for something to happen meanwhile. */
fun endless(): Request = Request(1, steps = 1000, policy = Policy.Always)

fun temporaryFolder(): File = Files.createTempDirectory("lazydit").toFile().also { it.deleteOnExit() }

/** A copy of a bundle, to be damaged. */
fun copyOf(name: String): File =
    bundle(name).let { source -> temporaryFolder().also { source.copyRecursively(it, true) } }

/** One sentence: what is wrong, a colon, what to do. */
fun assertSentence(
    failure: Throwable,
    vararg parts: String,
) {
    val message = failure.message.orEmpty()
    assertTrue('\n' !in message && ": " in message, message)
    parts.forEach { assertTrue(it in message, "$message lacks $it") }
}

/** ONNX Runtime behind an executor in Kotlin that may do something of its own at every program. */
class Watched(
    private val before: (program: String, inputs: List<Tensor>, outputs: List<Tensor>) -> Unit,
) : ExecutorFactory {
    var closed = 0
    override val name = "watched"

    override fun obstacle(bundle: ModelBundle): String? = null

    override fun open(
        bundle: ModelBundle,
        threads: Int?,
        weightCache: File?,
    ): Executor {
        val engine = OnnxRuntimeExecutor.open(bundle, threads, weightCache)
        return object : Executor by engine {
            override fun run(
                program: String,
                inputs: List<Tensor>,
                outputs: List<Tensor>,
            ) {
                before(program, inputs, outputs)
                engine.run(program, inputs, outputs)
            }

            override fun close() {
                closed += 1
                engine.close()
            }
        }
    }
}
