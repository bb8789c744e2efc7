package org.lazydit.bundles

import org.lazydit.BundleFiles
import org.lazydit.BundleHandle
import org.lazydit.Core
import org.lazydit.LazyDiTException
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.InputStream
import java.security.MessageDigest
import java.util.Locale

/**
 * A folder that holds the latest version of one bundle, unpacked.
 *
 * A version is a folder called by the hash of its manifest, which holds the hashes of all files. It is unpacked beside,
 * verified and renamed, so that what is there is whole whatever happened. One process uses a store; its threads wait for
 * one another.
 *
 * @param root is made if need be; nothing else may be in it.
 */
public class BundleStore(
    private val root: File,
) {
    /**
     * Unpacks the bundle of `source` if this version is not here yet, and removes other versions: close what is open on
     * them first.
     *
     * @param onProgress called with the bytes unpacked so far and of the whole bundle; what it throws stops the
     *   unpacking and leaves the store as it was.
     * @return the folder for `LazyDiT.open`.
     * @throws LazyDiTException where the bundle cannot be read, is wrong or does not fit; the store is as it was.
     */
    public fun install(
        source: BundleSource,
        onProgress: (done: Long, total: Long) -> Unit = { _, _ -> },
    ): File =
        synchronized(lock) {
            try {
                installed(source, onProgress)
            } catch (failure: IOException) {
                throw LazyDiTException(
                    "the bundle cannot be unpacked into $root (${failure.message}): check its source and try again",
                    failure,
                )
            }
        }

    private fun installed(
        source: BundleSource,
        onProgress: (done: Long, total: Long) -> Unit,
    ): File {
        val manifest = source.manifest()
        val version = File(root, hash(manifest))
        if (!version.isDirectory) {
            val unpacking = File(root, ".unpacking")
            unpacking.deleteRecursively()
            try {
                if (!unpacking.mkdirs()) throw IOException("the folder cannot be made")
                unpack(source, manifest, unpacking, onProgress)
                BundleHandle(unpacking).close()
                if (!unpacking.renameTo(version)) throw IOException("$unpacking cannot be renamed")
            } finally {
                unpacking.deleteRecursively()
            }
        }
        root.listFiles()?.filter { it != version }?.forEach { it.deleteRecursively() }
        return version
    }

    private fun unpack(
        source: BundleSource,
        manifest: ByteArray,
        folder: File,
        onProgress: (done: Long, total: Long) -> Unit,
    ) {
        val manifestFile = File(folder, MANIFEST)
        write(manifestFile, manifest.inputStream(), manifest.size.toLong()) {}
        val sizes = sizes(Core.manifestFiles(manifestFile.path.encodeToByteArray()))
        val total = total(sizes.values)
        checkSpace(folder, total)
        val missing = sizes.keys.toMutableSet()
        var done = 0L
        onProgress(done, total)
        source.read(sizes.keys) { name, content ->
            missing -= name
            write(File(folder, name), content, sizes.getValue(name)) { bytes ->
                done += bytes
                onProgress(done, total)
            }
        }
        if (missing.isNotEmpty()) throw IOException("it lacks ${missing.first()}, which its manifest lists")
    }

    private fun checkSpace(
        folder: File,
        needed: Long,
    ) {
        val free = folder.usableSpace
        if (needed > free) {
            throw LazyDiTException(
                "the bundle takes ${megabytes(
                    needed,
                )} MB and only ${megabytes(free)} MB are free in $root: free some space",
            )
        }
    }

    private companion object {
        val lock = Any()
    }
}

private const val PIECE = 1 shl 16
private const val MEGABYTE = 1_000_000.0

private fun megabytes(bytes: Long): String = "%.1f".format(Locale.ROOT, bytes / MEGABYTE)

private fun hash(manifest: ByteArray): String =
    MessageDigest.getInstance("SHA-256").digest(manifest).joinToString("") { "%02x".format(it) }

private fun sizes(files: BundleFiles): Map<String, Long> = files.names.zip(files.sizes.asIterable()).toMap()

/** What is too much for a Long is too much for any disk. */
private fun total(sizes: Collection<Long>): Long =
    sizes.fold(0L) { sum, size -> if (sum > Long.MAX_VALUE - size) Long.MAX_VALUE else sum + size }

/** Writes through to the disk, so that a renamed folder is whole after a power cut too; refuses more than `size`. */
private inline fun write(
    file: File,
    content: InputStream,
    size: Long,
    wrote: (Long) -> Unit,
) {
    file.parentFile?.mkdirs()
    FileOutputStream(file).use { out ->
        val piece = ByteArray(PIECE)
        var left = size
        while (true) {
            val count = content.read(piece)
            if (count < 0) break
            if (count > left) throw IOException("${file.name} is larger than its manifest says")
            left -= count
            out.write(piece, 0, count)
            wrote(count.toLong())
        }
        out.fd.sync()
    }
}
