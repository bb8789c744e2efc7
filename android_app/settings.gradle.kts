// For Android Studio. Not run yet: Maven builds and tests here (pom.xml).
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}
dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "lazydit-demo"
include(":app", ":lazydit")
// The library, which builds the core with CMake.
project(":lazydit").projectDir = file("../runtime/android")
