package org.lazydit.bundles

import java.io.IOException
import java.io.InputStream

/** Where a bundle comes from, one that has to be unpacked before an engine can map its files. */
public interface BundleSource {
    /**
     * The bytes of manifest.json.
     *
     * @throws IOException where they cannot be read.
     */
    public fun manifest(): ByteArray

    /**
     * Calls `take` once for each of the files `names` (paths within the bundle, with slashes) that there is; the stream
     * is read before `take` returns.
     *
     * @throws IOException where one cannot be read.
     */
    public fun read(
        names: Set<String>,
        take: (name: String, content: InputStream) -> Unit,
    )
}

internal const val MANIFEST = "manifest.json"
