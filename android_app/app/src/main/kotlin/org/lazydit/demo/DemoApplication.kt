package org.lazydit.demo

import android.app.Application
import org.lazydit.demo.engine.Engine

class DemoApplication : Application() {
    /** Of the whole process: the screens take turns with it. */
    val engine by lazy { Engine(this) }
}
