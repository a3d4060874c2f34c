# mxcheck_module(<name> [DEPS ...] [FUZZ_DEPS ...] [FUZZ_PARTS ...]): one folder, one library, from
# file suffixes.
#   x.cpp -> library mxcheck_<name>   x_test.cpp -> mxcheck_<name>_test   x_fuzz.cpp -> x_fuzz
# Fuzzers link the library and FUZZ_DEPS; with FUZZ_PARTS only these sources of the folder instead of
# all of it and its DEPS, which would take minutes to build with sanitizers.
add_library(mxcheck_options INTERFACE)
target_include_directories(mxcheck_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_features(mxcheck_options INTERFACE cxx_std_20)
# Bits must not depend on the compiler's taste: no contraction to fma, no reassociation.
target_compile_options(
  mxcheck_options INTERFACE -ffp-contract=off -fno-fast-math -Wall -Wextra -Wshadow -Wconversion
                            -Wno-sign-conversion
                            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                            $<$<BOOL:${MXCHECK_WARNINGS_AS_ERRORS}>:-Werror>)

# Counts which lines of a target run, where its folder is in MXCHECK_COVERED (preset `coverage`).
# Everything else stays as in the release build: a compiler cache has it, and it is fast.
function(mxcheck_cover target)
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(folder IN_LIST MXCHECK_COVERED)
    target_compile_options(${target} PRIVATE --coverage -O1 -fprofile-update=atomic)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

function(mxcheck_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;FUZZ_DEPS;FUZZ_PARTS" ${ARGN})
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cpp$|/main\\.cpp$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")

  if(sources)
    add_library(mxcheck_${name} STATIC ${sources})
    target_link_libraries(mxcheck_${name} PUBLIC mxcheck_options ${ARG_DEPS})
    mxcheck_cover(mxcheck_${name})
  else() # headers only
    add_library(mxcheck_${name} INTERFACE)
    target_link_libraries(mxcheck_${name} INTERFACE mxcheck_options ${ARG_DEPS})
  endif()
  if(MXCHECK_BUILD_TESTS AND tests)
    add_executable(mxcheck_${name}_test ${tests})
    target_link_libraries(mxcheck_${name}_test PRIVATE mxcheck_${name} Catch2::Catch2WithMain)
    mxcheck_cover(mxcheck_${name}_test)
    add_test(NAME unit.${name} COMMAND mxcheck_${name}_test -w NoTests
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  if(MXCHECK_BUILD_FUZZERS AND fuzzers)
    set(fuzzed mxcheck_${name})
    if(ARG_FUZZ_PARTS)
      set(fuzzed mxcheck_${name}_fuzzed)
      add_library(${fuzzed} STATIC ${ARG_FUZZ_PARTS})
      target_link_libraries(${fuzzed} PUBLIC mxcheck_options ${ARG_FUZZ_DEPS})
    endif()
    foreach(source ${fuzzers})
      get_filename_component(target ${source} NAME_WE)
      add_executable(${target} ${source})
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${target} PRIVATE ${fuzzed} ${ARG_FUZZ_DEPS})
    endforeach()
  endif()
endfunction()
