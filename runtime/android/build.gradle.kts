// For Android Studio: include this folder in an app's settings.gradle.kts. Not run yet; Maven builds and tests here.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

val abis = listOf("arm64-v8a", "x86_64")

// executorch.arm64-v8a=/path/to/lib/cmake/ExecuTorch in gradle.properties, and so on: with it the library has the native
// executor, without it the app brings an engine. lazydit.headers names the folder of nlohmann/json.hpp.
fun named(
    property: String,
    argument: String,
): String? = providers.gradleProperty(property).orNull?.let { "-D$argument=$it" }

android {
    namespace = "org.lazydit"
    compileSdk = 35
    ndkVersion = "28.0.13004108"

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += abis }
        externalNativeBuild {
            cmake {
                targets += "lazydit_jni"
                arguments += listOfNotNull("-DANDROID_STL=c++_static", named("lazydit.headers", "LAZYDIT_HEADERS"))
                arguments += abis.mapNotNull { named("executorch.$it", "executorch_DIR_$it") }
            }
        }
    }

    externalNativeBuild {
        cmake {
            path = file("src/main/cpp/CMakeLists.txt")
            version = "3.28.0+"
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    jvmToolchain(17)
    explicitApi()
}

dependencies {
    api("org.jetbrains.kotlinx:kotlinx-coroutines-core:1.10.2")
    compileOnly("org.pytorch:executorch-android:1.5.1")
    compileOnly("com.microsoft.onnxruntime:onnxruntime-android:1.23.2")
}
