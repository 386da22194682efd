# SPDX-License-Identifier: MIT
# usher_embed(OUT DIR GLOBS …): every matching file becomes bytes in the binary, found by its path in the source tree.
# OUT receives two generated sources: embedded.S (the bytes) and embedded_table.c (struct embedded_file embedded_files[]).
function(usher_embed OUT DIR)
  cmake_parse_arguments(ARG "" "" "GLOBS" ${ARGN})
  set(files "")
  foreach(glob ${ARG_GLOBS})
    file(GLOB_RECURSE found RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS ${glob})
    list(APPEND files ${found})
  endforeach()
  list(SORT files)
  list(REMOVE_DUPLICATES files)

  set(asm "  .section .rodata\n")
  set(extern "")
  set(table "")
  set(depends "")
  set(n 0)
  foreach(file ${files})
    string(APPEND asm "  .balign 16\n  .globl embedded_${n}\nembedded_${n}:\n  .incbin \"${CMAKE_SOURCE_DIR}/${file}\"\n"
                      "  .globl embedded_end_${n}\nembedded_end_${n}:\n  .byte 0\n")
    string(APPEND extern "extern const char embedded_${n}[], embedded_end_${n}[];\n")
    string(APPEND table "  {\"${file}\", embedded_${n}, embedded_end_${n}, &chunks[${n}]},\n")
    list(APPEND depends ${CMAKE_SOURCE_DIR}/${file})
    math(EXPR n "${n}+1")
  endforeach()
  string(APPEND asm "  .section .note.GNU-stack,\"\",@progbits\n")
  file(CONFIGURE OUTPUT ${DIR}/embedded.S CONTENT "${asm}" @ONLY)
  file(CONFIGURE OUTPUT ${DIR}/embedded_table.c @ONLY CONTENT
    "#include \"embedded.h\"\n${extern}static struct chunk chunks[${n}];\nconst struct embedded_file embedded_files[] = {\n${table}};\nconst size_t embedded_count = ${n};\n")
  set_source_files_properties(${DIR}/embedded.S PROPERTIES OBJECT_DEPENDS "${depends}")
  set(${OUT} ${DIR}/embedded.S ${DIR}/embedded_table.c PARENT_SCOPE)
endfunction()
