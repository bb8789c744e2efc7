# make demo: export the demo model, draw images with every policy, print the latency table, write the report.
# make test: formatting, lint, types, C++ tests under sanitizers (memory, threads), valgrind and fuzzers, Python, Kotlin and Swift tests.
# make ios-project: the demo model for iPhones and, by XcodeGen, the Xcode project of the demo app.
# make install-android: the Kotlin library of runtime/android, into Maven's local repository.
# make tools: build lazydit-run and lazydit-bench, the command-line tools without Python, into build/tools.
# make arm: the same tools for 64-bit Arm, against the wheel for that processor, into build/arm.
# make fuzz: the fuzzers for FUZZ_SECONDS (60) each, and MUTATIONS (10000) damaged bundles; make test does a little of both.
# All set up .venv first. PYTHON chooses the interpreter (3.10 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE_BUILD := build/core-tests
VALGRIND_BUILD := build/valgrind
THREADS_BUILD := build/threads
FUZZ_BUILD := build/fuzz
FUZZ_SECONDS := 60
MUTATIONS := 10000
TOOLS_BUILD := build/tools
ARM_BUILD := build/arm
ARM_WHEEL := $(ARM_BUILD)/wheel
NATIVE_FLAGS := -DLAZYDIT_BUILD_PYTHON=OFF -DLAZYDIT_BUILD_TOOLS=ON -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python
ANDROID_BUILD := build/android
ANDROID_BUNDLES := $(foreach target,android onnx,$(ANDROID_BUILD)/demo-$(target) $(ANDROID_BUILD)/tiny-$(target))
MAVEN := mvn -q -B
KTLINT := $(ANDROID_BUILD)/ktlint/ktlint-cli-1.7.1-all.jar
KOTLIN := java -jar $(KTLINT) --log-level=error --relative \
  $(foreach folder,runtime/android android_app,'$(folder)/**/*.kt' '$(folder)/**/*.kts')
SWIFT := scripts/swift
APPLE_BUILD := build/apple
BENCH_APPLE := $(APPLE_BUILD)/lazydit-bench-apple
APPLE_BUNDLES := $(foreach precision,fp32 fp16,$(foreach ios,18 17,$(APPLE_BUILD)/coreml/tiny-$(precision)-ios$(ios)))
IOS_BUNDLE := build/ios/demo-ios/manifest.json
SWIFT_STRICT := -Xswiftc -warnings-as-errors -Xcxx -Wall -Xcxx -Wextra -Xcxx -Wconversion -Xcxx -Werror
DEMO := demo-out

native_sources := CMakeLists.txt $(shell find runtime/core runtime/native/CMakeLists.txt runtime/native/src runtime/native/include runtime/python -name '*.cc' -o -name '*.h' -o -name 'CMakeLists.txt')
# The editable installation knows where each package lies.
packages := $(shell find lazydit export runtime/python -name __init__.py)
export_sources := $(shell find export lazydit -name '*.py' -o -name '*.safetensors') $(wildcard tests/data/reference/*_7.pt)
python_roots := lazydit export runtime/python benchmarks tests
swift_roots := Package.swift runtime/apple ios_app

# OpenMP's idle threads otherwise spin on the cores that other processes need: 4 to 10 times slower when busy.
export OMP_WAIT_POLICY := PASSIVE
export PYTHON
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: setup tools arm demo test lint test-core test-threads test-valgrind test-fuzz test-python test-android test-android-app \
  android-native android-bundles runtime-reference coreml-bundles coreml-recording lint-android install-android \
  ios-bundle ios-project bench-apple test-apple test-apple-here fuzz fuzzers format clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml $(packages) $(native_sources)
	scripts/install-system-packages
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

tools: setup
	cmake -S . -B $(TOOLS_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release $(NATIVE_FLAGS)
	cmake --build $(TOOLS_BUILD)

arm: $(ARM_WHEEL)
	cmake -S . -B $(ARM_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release $(NATIVE_FLAGS) \
	  -DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/runtime/native/aarch64-linux-gnu.cmake \
	  -Dexecutorch_DIR=$(CURDIR)/$(ARM_WHEEL)/executorch/lib/cmake/executorch
	cmake --build $(ARM_BUILD)

# Of the version that is installed here.
$(ARM_WHEEL): $(VENV)/.installed
	rm -rf $@ $(ARM_BUILD)/executorch-*.whl && mkdir -p $@
	python -m pip download --quiet --no-deps --only-binary :all: --platform manylinux_2_28_aarch64 --dest $(ARM_BUILD) \
	  executorch==$$(python -c "from importlib.metadata import version; print(version('executorch').partition('+')[0])")
	python -m zipfile -e $(ARM_BUILD)/executorch-*.whl $@
	touch $@

demo: setup
	mkdir -p $(DEMO)
	lazydit-export --target android --out $(DEMO)/lazydit-android --force
	lazydit generate $(DEMO)/lazydit-android --steps 10 --label 0-9 --seed 0 \
	  --policy always --policy lazy --policy every-n --lazy-ratio 0.4 --out $(DEMO)/policies.png
	python benchmarks/latency.py --bundle $(DEMO)/lazydit-android --device
	lazydit report $(DEMO)/lazydit-android --steps 10 --out $(DEMO)/report.html
	@echo "The pictures are in $(DEMO)/policies.png, the report is $(DEMO)/report.html"

test: setup lint test-core test-threads test-valgrind test-fuzz test-python test-android test-android-app test-apple

lint: setup
	ruff format --check $(python_roots)
	ruff check $(python_roots)
	mypy

test-core: setup
	cmake -S . -B $(CORE_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Debug \
	  $(NATIVE_FLAGS) -DLAZYDIT_BUILD_TESTS=ON -DLAZYDIT_SANITIZE=ON
	cmake --build $(CORE_BUILD)
	ctest --test-dir $(CORE_BUILD) --output-on-failure

# Races in the core. The engine's libraries are not built for this sanitizer, which takes their threads for racing.
test-threads: setup
	cmake -S . -B $(THREADS_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DLAZYDIT_BUILD_PYTHON=OFF \
	  -DLAZYDIT_BUILD_TESTS=ON -DLAZYDIT_SANITIZE_THREADS=ON
	cmake --build $(THREADS_BUILD) --target lazydit_core_test
	ctest --test-dir $(THREADS_BUILD) --output-on-failure -R 'Generations|Cancel'

# Memory that was never written: what the sanitizers do not see.
test-valgrind: setup
	cmake -S . -B $(VALGRIND_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Debug -DLAZYDIT_BUILD_PYTHON=OFF -DLAZYDIT_BUILD_TESTS=ON
	cmake --build $(VALGRIND_BUILD)
	ctest --test-dir $(VALGRIND_BUILD) --output-on-failure -R valgrind

# Clang's libFuzzer; machines without apt-get may lack it.
fuzzers: setup
	@if command -v clang++ >/dev/null; then set -x; \
	  cmake -S . -B $(FUZZ_BUILD) -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=clang++ \
	    $(NATIVE_FLAGS) -DLAZYDIT_BUILD_FUZZERS=ON && cmake --build $(FUZZ_BUILD) --target fuzzers; fi

test-fuzz: fuzzers
	scripts/fuzz $(FUZZ_BUILD) 3

fuzz: fuzzers test-core
	scripts/fuzz $(FUZZ_BUILD) $(FUZZ_SECONDS)
	LAZYDIT_MUTATIONS=$(MUTATIONS) pytest tests/fuzz

test-python: setup tools arm
	pytest

# The JNI library of runtime/android for this machine, and the bundles that its tests run.
android-native: setup
	cmake -S runtime/android/src/main/cpp -B $(ANDROID_BUILD)/native -G Ninja -DCMAKE_BUILD_TYPE=Release \
	  -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python
	cmake --build $(ANDROID_BUILD)/native --target lazydit_jni

android-bundles: $(ANDROID_BUNDLES:=/manifest.json)

$(ANDROID_BUILD)/demo-%/manifest.json: $(VENV)/.installed $(export_sources)
	mkdir -p $(dir $(@D))
	lazydit-export --target $* --out $(@D) --force

$(ANDROID_BUILD)/tiny-%/manifest.json: $(VENV)/.installed $(export_sources)
	mkdir -p $(dir $(@D))
	lazydit-export tests/data/reference/dit_7.pt --heads 4 --gates tests/data/reference/gates_7.pt \
	  --target $* --out $(@D) --force

$(KTLINT): $(VENV)/.installed
	$(MAVEN) dependency:copy -Dartifact=com.pinterest.ktlint:ktlint-cli:$(patsubst ktlint-cli-%-all.jar,%,$(@F)):jar:all \
	  -DoutputDirectory=$(@D)
	touch $@

lint-android: $(KTLINT)
	$(KOTLIN)

# What the Python runtime makes of the bundles.
runtime-reference: android-bundles
	python tests/runtime/write_reference.py $(ANDROID_BUNDLES) --out $(ANDROID_BUILD)/reference

test-android: lint-android android-native runtime-reference
	$(MAVEN) -f runtime/android/pom.xml test

# Into Maven's local repository, for builds beside this one.
install-android: android-native
	$(MAVEN) -f runtime/android/pom.xml install -DskipTests

# The demo app: its tests leave build/screenshots, then the package as R8 makes it is verified.
test-android-app: install-android $(ANDROID_BUILD)/demo-android/manifest.json
	$(MAVEN) -f android_app/pom.xml prepare-package
	android_app/scripts/apk build/android-app runtime/android/consumer-rules.pro
	android_app/scripts/verify-apk build/android-app runtime/android/src/main/cpp

# The bundle that becomes the iOS app's resource.
ios-bundle: $(IOS_BUNDLE)

$(IOS_BUNDLE): $(VENV)/.installed $(export_sources)
	mkdir -p $(dir $(@D))
	lazydit-export --target ios --out $(@D) --force

ios-project: ios-bundle
	xcodegen generate --spec ios_app/project.yml

# A command that runs the tool, also where Swift's libraries are in a folder.
bench-apple: setup
	$(SWIFT) build $(SWIFT_STRICT) -c release --product lazydit-bench-apple --scratch-path build/swift-release
	mkdir -p $(dir $(BENCH_APPLE))
	printf '#!/bin/sh\nexec %s %s "$$@"\n' $(CURDIR)/scripts/swift-run \
	  $(CURDIR)/build/swift-release/release/lazydit-bench-apple >$(BENCH_APPLE)
	chmod +x $(BENCH_APPLE)

# Swift's tests, where there is Swift or it can be installed; else a line says that they did not run.
test-apple: setup
	@if scripts/swift --version >/dev/null; then $(MAKE) --no-print-directory test-apple-here; \
	elif [ $$? -eq 69 ]; then echo "NOT TESTED: runtime/apple and ios_app, since there is no Swift 6 here"; else exit 2; fi

# The stem is a precision and a system: fp32-ios18.
$(APPLE_BUILD)/coreml/tiny-%/manifest.json: $(VENV)/.installed $(export_sources)
	mkdir -p $(dir $(@D))
	lazydit-export tests/data/reference/dit_7.pt --heads 4 --gates tests/data/reference/gates_7.pt --target ios \
	  --precision $(firstword $(subst -ios, ,$*)) --minimum-ios $(lastword $(subst -ios, ,$*)) \
	  --calibration-images 0 --out $(@D) --force

# Two at a time: an export keeps one core busy.
coreml-bundles: setup
	$(MAKE) --no-print-directory --jobs=2 $(APPLE_BUNDLES:=/manifest.json)

# What the evaluator of Core ML bundles computes, call by call.
coreml-recording: coreml-bundles
	python -m tests.runtime.apple.record_coreml $(APPLE_BUNDLES) --out $(APPLE_BUILD)/coreml/recorded

test-apple-here: tools runtime-reference bench-apple coreml-recording
	python tests/runtime/apple/write_refusals.py $(ANDROID_BUILD)/tiny-android --out $(APPLE_BUILD)/refusals.json
	$(SWIFT) format lint --strict --recursive $(swift_roots)
	$(SWIFT) build $(SWIFT_STRICT) --scratch-path build/swift
	LAZYDIT_APPLE_SIGNATURES=1 $(SWIFT) test $(SWIFT_STRICT) --scratch-path build/swift-signatures
	$(SWIFT) test $(SWIFT_STRICT) --package-path ios_app --scratch-path build/swift-ios-app
	LAZYDIT_APPLE_SIGNATURES=1 $(SWIFT) build $(SWIFT_STRICT) --package-path ios_app --scratch-path build/swift-ios-screens
	pytest tests/runtime/apple
	LAZYDIT_APPLE_SIGNATURES=1 $(SWIFT) test --sanitize=thread --scratch-path build/swift-sanitize-thread --filter 'Generation|Cancellation|CoreML'
	ASAN_OPTIONS=detect_leaks=0 LAZYDIT_APPLE_SIGNATURES=1 $(SWIFT) test --sanitize=address --scratch-path build/swift-sanitize-address

format: setup $(KTLINT)
	ruff format $(python_roots)
	ruff check --fix $(python_roots)
	$(KOTLIN) --format
	$(SWIFT) format --in-place --recursive $(swift_roots) || test $$? -eq 69

clean:
	rm -rf build $(VENV) $(DEMO)
