package org.lazydit.bundles

import org.lazydit.LazyDiT
import org.lazydit.LazyDiTException
import org.lazydit.Policy
import org.lazydit.Request
import org.lazydit.assertSentence
import org.lazydit.bundle
import org.lazydit.draw
import org.lazydit.temporaryFolder
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

class BundleStoreTest {
    private val root = File(temporaryFolder(), "store")
    private val store = BundleStore(root)
    private val source = bundle("tiny-android")
    private val files = source.walk().filter { it.isFile }.associate { it.toRelativeString(source) to it.readBytes() }

    @Test
    fun `a zip stream is unpacked once and draws what its bundle draws`() {
        val progress = mutableListOf<Pair<Long, Long>>()
        val installed = store.install(zip(files)) { done, total -> progress += done to total }
        assertEquals(listOf(installed), root.listFiles()?.asList())
        val total = files.filterKeys { it != "manifest.json" }.values.sumOf { it.size.toLong() }
        assertEquals(0L to total, progress.first())
        assertEquals(total to total, progress.last())
        assertEquals(progress.sortedBy { it.first }, progress)
        val request = Request(1, steps = 2, policy = Policy.Always)
        val expected = LazyDiT.open(source).use { it.draw(request).latent }
        assertContentEquals(expected, LazyDiT.open(installed).use { it.draw(request).latent })

        val again = store.install(zip(files)) { _, _ -> error("it is there already") }
        assertEquals(installed, again)
    }

    @Test
    fun `a bundle in a folder of the zip is found, in whatever order`() {
        val inFolder = files.entries.reversed().associate { "some/folder/${it.key}" to it.value }
        LazyDiT.open(store.install(zip(inFolder + ("readme.txt" to byteArrayOf(1))))).close()
    }

    @Test
    fun `another version takes the place of the one before`() {
        val first = store.install(zip(files))
        val second = store.install(zip(newer()))
        assertTrue(first != second)
        assertEquals(listOf(second), root.listFiles()?.asList())
        LazyDiT.open(second).use { assertEquals("newer", it.bundle.name) }
    }

    @Test
    fun `entries that lead out of the bundle are refused`() {
        for (name in listOf("../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil")) {
            refused(files + (name to byteArrayOf(1)), name, "leads out")
        }
        assertTrue(!File(root.parentFile, "evil").exists())
    }

    @Test
    fun `what is wrong leaves the version that was there`() {
        val before = store.install(zip(files))
        val newer = newer()
        refused(newer - "condition.pte", "lacks condition.pte")
        refused(newer + ("condition.pte" to ByteArray(10)), "bytes instead of")
        refused(newer + ("condition.pte" to newer.getValue("condition.pte") + 1), "larger than its manifest says")
        refused(newer + ("condition.pte" to ByteArray(newer.getValue("condition.pte").size)), "sha256")
        refused(newer - "manifest.json", "no manifest.json")
        refused(newer + ("manifest.json" to byteArrayOf(1)), "not readable JSON")
        assertEquals(listOf(before), root.listFiles()?.asList())
        LazyDiT.open(before).close()
    }

    @Test
    fun `a bundle that does not fit is refused before anything is unpacked`() {
        val size = files.getValue("condition.pte").size
        val huge =
            files
                .getValue(
                    "manifest.json",
                ).decodeToString()
                .replace("\"bytes\": $size,", "\"bytes\": ${Long.MAX_VALUE},")
        refused(files + ("manifest.json" to huge.encodeToByteArray()), "MB are free", "free some space")
    }

    @Test
    fun `what the caller throws stops the unpacking`() {
        class Enough : Exception()
        assertFailsWith<Enough> { store.install(zip(files)) { done, _ -> if (done > 0) throw Enough() } }
        assertEquals(emptyList(), root.listFiles().orEmpty().asList())
        store.install(zip(files))
    }

    @Test
    fun `a folder that cannot be made is one sentence`() {
        val file = File(temporaryFolder(), "file").apply { writeText("in the way") }
        val failure = assertFailsWith<LazyDiTException> { BundleStore(File(file, "store")).install(zip(files)) }
        assertSentence(failure, "cannot be made")
    }

    private fun newer() =
        files +
            (
                "manifest.json" to
                    files
                        .getValue("manifest.json")
                        .decodeToString()
                        .replace("\"dit_7\"", "\"newer\"")
                        .encodeToByteArray()
            )

    private fun refused(
        entries: Map<String, ByteArray>,
        vararg parts: String,
    ) {
        val failure = assertFailsWith<LazyDiTException> { store.install(zip(entries)) }
        assertSentence(failure, *parts)
    }

    private fun zip(entries: Map<String, ByteArray>): ZipBundle {
        val bytes = ByteArrayOutputStream()
        ZipOutputStream(bytes).use { zip ->
            zip.putNextEntry(ZipEntry("empty/"))
            for ((name, content) in entries) {
                zip.putNextEntry(ZipEntry(name))
                zip.write(content)
            }
        }
        return ZipBundle { bytes.toByteArray().inputStream() }
    }
}
