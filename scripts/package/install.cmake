# What is installed and what the Debian packages hold. Everything is found relative to its own place:
# a prefix may be moved as a whole.
#
#   component mxcheck   program, manual, completion; libmxcheck with headers, CMake package and
#                       pkg-config file; the suite's cases, values, schemas, example devices
#   component mpi       the courier of `mpirun mxcheck run` (only where Boost.MPI is)
#   component python    the module `mxcheck` for Debian's Python (only where pybind11 is)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME mxcheck)

# --- program --------------------------------------------------------------------------------------
set(pages ${CMAKE_BINARY_DIR}/share) # made by sim/cli
install(TARGETS mxcheck RUNTIME)
install(FILES ${pages}/mxcheck.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${pages}/mxcheck.bash RENAME mxcheck
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${pages}/_mxcheck DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)

# --- library --------------------------------------------------------------------------------------
install(TARGETS mxcheck_shared EXPORT mxcheck LIBRARY)
install(FILES ${PROJECT_SOURCE_DIR}/sim/api/mxcheck/mxcheck.h
              ${CMAKE_BINARY_DIR}/sim/api/include/mxcheck/version.h
              ${PROJECT_SOURCE_DIR}/sim/device/mxcheck_device.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mxcheck)
set(config ${CMAKE_INSTALL_LIBDIR}/cmake/mxcheck)
install(EXPORT mxcheck NAMESPACE mxcheck:: FILE mxcheck-targets.cmake DESTINATION ${config})
set(CASES_DIR ${CMAKE_INSTALL_DATADIR}/mxcheck/cases)
configure_package_config_file(${here}/mxcheck-config.cmake.in
                              ${CMAKE_BINARY_DIR}/package/mxcheck-config.cmake
                              INSTALL_DESTINATION ${config} PATH_VARS CASES_DIR)
# Below 1.0 a new minor version may break.
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/mxcheck-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/mxcheck-config.cmake
              ${CMAKE_BINARY_DIR}/package/mxcheck-config-version.cmake DESTINATION ${config})
file(RELATIVE_PATH MXCHECK_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${here}/mxcheck.pc.in ${CMAKE_BINARY_DIR}/package/mxcheck.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/mxcheck.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# --- suite ----------------------------------------------------------------------------------------
# As in the sources, so that the files refer to each other by the same relative paths.
set(suite ${CMAKE_INSTALL_DATADIR}/mxcheck)
install(FILES ${PROJECT_SOURCE_DIR}/.mxcheck-root DESTINATION ${suite})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/cases DESTINATION ${suite})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/golden/data DESTINATION ${suite}/golden)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/reports/schema DESTINATION ${suite}/reports)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sim/device/examples DESTINATION ${suite}/sim/device
        PATTERN CMakeLists.txt EXCLUDE PATTERN __pycache__ EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/sim/mxu/rtl DESTINATION ${suite}/sim/mxu
        FILES_MATCHING PATTERN *.sv)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mxcheck)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mxcheck)
install(FILES ${here}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mxcheck)

# --- Debian packages ------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mxcheck)
set(CPACK_PACKAGE_VENDOR "The mxcheck authors")
set(CPACK_PACKAGE_CONTACT "The mxcheck authors <mxcheck@localhost.invalid>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "bit-exact conformance suite for quantized training numerics")
set(CPACK_PACKAGE_DESCRIPTION_FILE ${here}/description.txt)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE) # a package a component
set(CPACK_COMPONENTS_ALL mxcheck)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR}/lib)
set(CPACK_DEBIAN_MXCHECK_PACKAGE_NAME mxcheck)
set(CPACK_DEBIAN_MXCHECK_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_MXCHECK_PACKAGE_CONTROL_EXTRA ${here}/triggers)
set(CPACK_DEBIAN_MXCHECK_DESCRIPTION_FILE ${here}/description.txt)
if(TARGET mxcheck-mpi)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
  set(CPACK_COMPONENT_MPI_DESCRIPTION "Runs mxcheck on the ranks of an MPI job.")
  set(CPACK_DEBIAN_MPI_PACKAGE_NAME mxcheck-mpi)
  set(CPACK_DEBIAN_MPI_PACKAGE_SECTION devel)
  set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "mxcheck (= ${PROJECT_VERSION})")
endif()
if(TARGET mxcheck_python)
  list(APPEND CPACK_COMPONENTS_ALL python)
  set(CPACK_COMPONENT_PYTHON_DESCRIPTION "Runs the cases of mxcheck from Python; values as numpy arrays.")
  set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-mxcheck)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
  set(CPACK_DEBIAN_PYTHON_PACKAGE_SHLIBDEPS OFF) # libmxcheck is in the other package
  math(EXPR next "${Python3_VERSION_MINOR} + 1")
  string(CONCAT CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
         "mxcheck (= ${PROJECT_VERSION}), python3 (>= 3.${Python3_VERSION_MINOR}), "
         "python3 (<< 3.${next}), python3-numpy, libc6, libstdc++6, libgcc-s1")
endif()
include(CPack)
