plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    namespace = "org.lazydit.demo"
    compileSdk = 35

    defaultConfig {
        applicationId = "org.lazydit.demo"
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += listOf("arm64-v8a", "x86_64") }
    }

    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
        }
    }

    sourceSets["main"].assets.srcDir(layout.buildDirectory.dir("bundle"))

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    jvmToolchain(17)
}

// What `lazydit-export --target android --out build/android/demo-android` wrote beside this folder.
val bundle by tasks.registering(Copy::class) {
    from(rootDir.resolve("../build/android/demo-android"))
    into(layout.buildDirectory.dir("bundle/lazydit-android"))
}

tasks.named("preBuild") { dependsOn(bundle) }

dependencies {
    implementation(project(":lazydit"))
    implementation(libs.coroutines.android)
    implementation(libs.executorch.android)
}
