# Functions that declare Stoa's targets, so that every target gets the same warnings and sanitizers.

function(stoa_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough)
  # In code that may be put into a shared library g++ else inlines nothing that another library could replace.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${target} PRIVATE -Wthread-safety)
  elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Sees overlapping copies in every concatenation of std::string that it inlines (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(STOA_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(STOA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${STOA_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${STOA_SANITIZE})
  endif()
endfunction()

# stoa_layer(FILES...): adds the sources of one folder under lib/ to the library.
function(stoa_layer)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  target_sources(stoa PRIVATE ${ARGN})
endfunction()

# stoa_test(NAME FILES...): one test program. Every Catch2 test case in it is a test of ctest, named NAME/case.
function(stoa_test name)
  add_executable(${name} ${ARGN})
  stoa_compile_options(${name})
  target_link_libraries(${name} PRIVATE stoa stoa_test_support)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/tests)
  target_precompile_headers(${name} REUSE_FROM stoa_test_support)
  catch_discover_tests(${name} TEST_PREFIX ${name}/ PROPERTIES TIMEOUT 600)
endfunction()

# A test with support/counted_new.h: not with the thread sanitizer, whose runtime replaces operator new, too.
function(stoa_allocation_test name)
  if(NOT STOA_SANITIZE MATCHES "thread")
    stoa_test(${name} ${ARGN})
  endif()
endfunction()
