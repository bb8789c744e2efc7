package org.lazydit.bundles

import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.util.zip.ZipEntry
import java.util.zip.ZipInputStream

/**
 * A bundle in a zip stream, at its top or in one folder.
 *
 * @param open gives the stream from its beginning; it is called several times, and what it gives is closed.
 */
public class ZipBundle(
    private val open: () -> InputStream,
) : BundleSource {
    override fun manifest(): ByteArray = withManifest { _, content -> content.readBytes() }

    override fun read(
        names: Set<String>,
        take: (name: String, content: InputStream) -> Unit,
    ) {
        val folder = withManifest { path, _ -> path.removeSuffix(MANIFEST) }
        forEachFile { path, content ->
            val name = path.removePrefix(folder)
            if (path.startsWith(folder) && name in names) take(name, content)
        }
    }

    private inline fun <T> withManifest(visit: (path: String, content: InputStream) -> T): T {
        forEachFile { path, content ->
            if (path == MANIFEST || path.endsWith("/$MANIFEST")) return visit(path, content)
        }
        throw FileNotFoundException("it holds no $MANIFEST")
    }

    private inline fun forEachFile(visit: (name: String, content: InputStream) -> Unit) {
        ZipInputStream(open()).use { zip ->
            while (true) {
                val entry = zip.nextEntry ?: break
                checkStaysInside(entry)
                if (!entry.isDirectory) visit(entry.name, zip)
            }
        }
    }
}

/** Refuses names that would lead out of the folder that they are unpacked into. */
private fun checkStaysInside(entry: ZipEntry) {
    val parts = entry.name.split('/', '\\')
    if (entry.name.startsWith("/") || entry.name.contains('\\') || ".." in parts) {
        throw IOException("its entry ${entry.name} leads out of the bundle")
    }
}
