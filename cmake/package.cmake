# SPDX-License-Identifier: Apache-2.0
# What is installed where, and the Debian package of it. Everything goes below DESTDIR and the
# prefix: the packager's staging folder, and nowhere else.
include(GNUInstallDirs)

install(TARGETS otaru RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES packaging/otaru.service DESTINATION lib/systemd/system)
install(FILES packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES CHANGELOG.md README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/otaru.toml DESTINATION /etc/otaru)

# Written by the binary that is packaged, so that they say what it does.
install(CODE [[
  set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
  set(man "${root}/share/man/man1")
  set(bash "${root}/share/bash-completion/completions")
  set(zsh "${root}/share/zsh/vendor-completions")
  set(fish "${root}/share/fish/vendor_completions.d")
  file(MAKE_DIRECTORY "${man}" "${bash}" "${zsh}" "${fish}")
  set(otaru "${root}/bin/otaru")
  execute_process(COMMAND "${otaru}" man "${man}" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${otaru}" completion bash
    OUTPUT_FILE "${bash}/otaru" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${otaru}" completion zsh
    OUTPUT_FILE "${zsh}/_otaru" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${otaru}" completion fish
    OUTPUT_FILE "${fish}/otaru.fish" COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB pages "${man}/*.1")
  execute_process(COMMAND gzip -9nf ${pages} COMMAND_ERROR_IS_FATAL ANY)
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME otaru)
set(CPACK_PACKAGE_VENDOR "Otaru")
set(CPACK_PACKAGE_CONTACT "Otaru <otaru@otaru.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Firmware-update server for devices of many protocols")
set(CPACK_PACKAGE_DESCRIPTION
"Updates the firmware of mixed fleets over the air, speaking each device's own
protocol. One catalogue, one decision and one history; the database is inside.")
set(CPACK_STRIP_FILES ON)
# Settings lie in /etc, outside the prefix: without DESTDIR cpack would write to the machine's own.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/postinst ${CMAKE_SOURCE_DIR}/packaging/prerm
  ${CMAKE_SOURCE_DIR}/packaging/postrm ${CMAKE_CURRENT_BINARY_DIR}/conffiles)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/conffiles "/etc/otaru/otaru.toml\n")
include(CPack)
