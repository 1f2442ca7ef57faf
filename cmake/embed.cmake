# embed_scripts(TARGET a.lua b.lua): makes the header "a.lua.h" with `static const char a_lua[]`, and so on, for the
# sources of TARGET.
function(embed_scripts target)
    foreach(script ${ARGN})
        get_filename_component(name ${script} NAME_WE)
        set(header ${CMAKE_CURRENT_BINARY_DIR}/${name}.lua.h)
        add_custom_command(
            OUTPUT ${header}
            COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${script} -DOUTPUT=${header} -DNAME=${name}_lua
                    -P ${PROJECT_SOURCE_DIR}/cmake/embed_one.cmake
            DEPENDS ${script} ${PROJECT_SOURCE_DIR}/cmake/embed_one.cmake
            VERBATIM)
        target_sources(${target} PRIVATE ${header})
    endforeach()
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
