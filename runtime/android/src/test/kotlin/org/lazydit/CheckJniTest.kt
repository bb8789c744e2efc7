package org.lazydit

import java.io.File
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

class CheckJniTest {
    @Test
    fun `no JNI call of the library is wrong and no reference is leaked`() {
        val output = File(temporaryFolder(), "output.txt")
        val java = File(System.getProperty("java.home"), "bin/java").path
        val process =
            ProcessBuilder(
                listOf(java, "-Xcheck:jni", "-Xmx512m") +
                    listOf("java.library.path", "lazydit.build").map { "-D$it=${System.getProperty(it)}" } +
                    listOf("-cp", classPath(), "org.lazydit.CheckedJvmKt"),
            ).redirectErrorStream(true).redirectOutput(output).start()
        assertTrue(process.waitFor(5, TimeUnit.MINUTES), "it hangs")
        val lines = output.readLines()
        assertEquals(0, process.exitValue(), lines.takeLast(40).joinToString("\n"))
        assertTrue(FINISHED in lines)
        assertEquals(emptyList(), warnings(lines))
    }

    private fun classPath(): String =
        System.getProperty("surefire.test.class.path") ?: System.getProperty("java.class.path")

    /** Those within native functions of the library; engines have their own. */
    private fun warnings(lines: List<String>): List<String> =
        lines.indices
            .filter { lines[it].startsWith("WARNING") }
            .map { lines[it] + lines.getOrElse(it + 1) { "" } }
            .filter { "\tat org.lazydit" in it || "\tat " !in it }
}
