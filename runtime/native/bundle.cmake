# Header-only libraries: nlohmann-json and, for the tools, stb; of Debian or by -DLAZYDIT_HEADERS=FOLDER[;FOLDER].
set(LAZYDIT_HEADERS "" CACHE STRING "Folders with nlohmann/json.hpp and stb/stb_image_write.h, beside the compiler's own")

# What a program without Python knows of bundles; no engine in it.
add_library(lazydit_bundle STATIC
  "${CMAKE_CURRENT_LIST_DIR}/src/bundle.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/json_place.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/lazy_ratio.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/manifest.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/manifest_checks.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/parallel.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/planning.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/sha256.cc"
  "${CMAKE_CURRENT_LIST_DIR}/src/sha256_blocks.cc"
)
target_include_directories(lazydit_bundle PUBLIC "${CMAKE_CURRENT_LIST_DIR}/src")
target_include_directories(lazydit_bundle SYSTEM PUBLIC ${LAZYDIT_HEADERS})
target_compile_features(lazydit_bundle PUBLIC cxx_std_17)
find_package(Threads REQUIRED)
target_link_libraries(lazydit_bundle PUBLIC lazydit::core PRIVATE Threads::Threads)
set(lazydit_bundle_targets lazydit_bundle)

# The programs of bundles in the native executor, where that is built.
if(TARGET lazydit_native_parts)
  add_library(lazydit_bundle_programs STATIC "${CMAKE_CURRENT_LIST_DIR}/src/bundle_programs.cc")
  target_link_libraries(lazydit_bundle_programs PUBLIC lazydit_bundle lazydit_native_parts)
  list(APPEND lazydit_bundle_targets lazydit_bundle_programs)
endif()

foreach(target ${lazydit_bundle_targets})
  target_compile_options(${target} PRIVATE
    "$<$<CXX_COMPILER_ID:GNU,Clang,AppleClang>:-Wall;-Wextra;-Wconversion;-Werror>"
  )
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON
    VISIBILITY_INLINES_HIDDEN ON
  )
endforeach()
