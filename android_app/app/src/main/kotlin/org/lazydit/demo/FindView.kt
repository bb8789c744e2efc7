package org.lazydit.demo

import android.app.Activity
import android.view.View

/** requireViewById, which came with Android 9. */
fun <T : View> Activity.view(id: Int): T = checkNotNull(findViewById(id))
