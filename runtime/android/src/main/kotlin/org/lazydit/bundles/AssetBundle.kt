package org.lazydit.bundles

import android.content.res.AssetManager
import java.io.InputStream

/** A bundle among an app's assets, in the folder [folder]. */
public class AssetBundle(
    private val assets: AssetManager,
    private val folder: String,
) : BundleSource {
    override fun manifest(): ByteArray = assets.open("$folder/$MANIFEST").use { it.readBytes() }

    override fun read(
        names: Set<String>,
        take: (name: String, content: InputStream) -> Unit,
    ) {
        for (name in names) {
            assets.open("$folder/$name", AssetManager.ACCESS_STREAMING).use { take(name, it) }
        }
    }
}
