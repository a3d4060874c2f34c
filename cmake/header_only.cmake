# The packages that sim/kernels and what it stands on include, as headers of this machine: nothing
# of another architecture needs to be installed. One folder of links, so that no other header of the
# machine is seen.
set(mxcheck_headers ${CMAKE_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${mxcheck_headers})
foreach(package fmt nlohmann catch2 boost)
  if(NOT EXISTS /usr/include/${package})
    message(FATAL_ERROR "/usr/include/${package} is missing")
  endif()
  file(CREATE_LINK /usr/include/${package} ${mxcheck_headers}/${package} SYMBOLIC)
endforeach()

function(mxcheck_header_package name)
  add_library(${name} INTERFACE IMPORTED)
  target_include_directories(${name} SYSTEM INTERFACE ${mxcheck_headers})
  target_compile_definitions(${name} INTERFACE ${ARGN})
endfunction()
mxcheck_header_package(fmt::fmt FMT_HEADER_ONLY)
mxcheck_header_package(nlohmann_json::nlohmann_json)
find_package(Threads REQUIRED)

file(WRITE ${CMAKE_BINARY_DIR}/catch_main.cpp.new
     "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
file(COPY_FILE ${CMAKE_BINARY_DIR}/catch_main.cpp.new ${CMAKE_BINARY_DIR}/catch_main.cpp
     ONLY_IF_DIFFERENT)
add_library(mxcheck_catch_main STATIC ${CMAKE_BINARY_DIR}/catch_main.cpp)
target_include_directories(mxcheck_catch_main SYSTEM PUBLIC ${mxcheck_headers})
target_compile_features(mxcheck_catch_main PUBLIC cxx_std_20)
add_library(Catch2::Catch2WithMain ALIAS mxcheck_catch_main)
enable_testing()
