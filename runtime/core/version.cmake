# The version stands in one place for Python and C++: the package's __init__.py.
if(NOT LAZYDIT_VERSION)
  file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../../lazydit/__init__.py" _lazydit_version_line REGEX "^__version__ = ")
  string(REGEX REPLACE "^__version__ = \"([^\"]+)\".*$" "\\1" LAZYDIT_VERSION "${_lazydit_version_line}")
endif()
