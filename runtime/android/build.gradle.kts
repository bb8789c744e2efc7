// For Android Studio: include this folder in an app's settings.gradle.kts. Not run yet; Maven builds and tests here.
plugins {
    id("com.android.library")
    id("org.jetbrains.kotlin.android")
}

// Where ExecuTorch is built for a processor: executorch.arm64-v8a=/path/to/lib/cmake/ExecuTorch. Without it the library
// has no native executor, and the app brings an engine.
fun executorchPackage(abi: String): String? = providers.gradleProperty("executorch.$abi").orNull

android {
    namespace = "org.lazydit"
    compileSdk = 35
    ndkVersion = "28.0.13004108"

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
        externalNativeBuild {
            cmake {
                targets += "lazydit_jni"
                arguments += "-DANDROID_STL=c++_static"
                arguments += providers.gradleProperty("lazydit.headers").map { "-DLAZYDIT_HEADERS=$it" }.orNull.let(::listOfNotNull)
                arguments += listOf("arm64-v8a", "x86_64").mapNotNull { abi ->
                    executorchPackage(abi)?.let { "-Dexecutorch_DIR_$abi=$it" }
                }
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
