# Writes ${OUTPUT} with the commit the sources are at; run at every build, and rewritten only when it
# changed. In a clone it is git's answer. In a source package (git archive) it is what git wrote into
# source_commit.txt. A package unpacked inside another repository is not that repository's commit:
# git's answer counts only where the sources are its top folder. Else "unknown".
set(commit "unknown")
execute_process(COMMAND git rev-parse --show-toplevel WORKING_DIRECTORY ${SOURCE}
                OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
file(REAL_PATH ${SOURCE} source)
if(NOT failed AND top STREQUAL source)
  execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE}
                  OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed AND NOT head STREQUAL "")
    set(commit ${head})
    execute_process(COMMAND git status --porcelain --untracked-files=no WORKING_DIRECTORY ${SOURCE}
                    OUTPUT_VARIABLE changes ERROR_QUIET)
    if(NOT changes STREQUAL "")
      string(APPEND commit "+changes")
    endif()
  endif()
else()
  file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/source_commit.txt packaged)
  if(packaged MATCHES "^[0-9a-f]+$")
    string(SUBSTRING ${packaged} 0 12 commit)
  endif()
endif()
set(text "#define MXCHECK_COMMIT \"${commit}\"\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
