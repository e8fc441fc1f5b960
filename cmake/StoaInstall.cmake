# Install rules: headers, library, command, and what find_package(stoa) and pkg-config need.
include(CMakePackageConfigHelpers)

set(stoa_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/stoa)

install(TARGETS stoa EXPORT stoaTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET stoa_command)
  install(TARGETS stoa_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/stoa DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(EXPORT stoaTargets NAMESPACE stoa:: DESTINATION ${stoa_config_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/stoaConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/stoaConfig.cmake INSTALL_DESTINATION ${stoa_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/stoaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/stoaConfig.cmake ${PROJECT_BINARY_DIR}/stoaConfigVersion.cmake
        DESTINATION ${stoa_config_dir})

# A static library hands what it needs on to whoever links it, so there its private requirements are public.
set(stoa_pc_private "absl_strings absl_flat_hash_map absl_inlined_vector absl_fixed_array absl_base libzstd libxxhash")
if(BUILD_SHARED_LIBS)
  set(stoa_pc_requires "absl_status absl_statusor")
  set(stoa_pc_requires_private "${stoa_pc_private}")
  set(stoa_pc_libs "-L\${libdir} -lstoa")
else()
  set(stoa_pc_requires "absl_status absl_statusor ${stoa_pc_private}")
  set(stoa_pc_requires_private "")
  set(stoa_pc_libs "-L\${libdir} -lstoa -pthread")
endif()
# The prefix is computed from where stoa.pc lies, so that an installed copy can be moved.
file(RELATIVE_PATH stoa_pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/stoa.pc.in ${PROJECT_BINARY_DIR}/stoa.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stoa.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
