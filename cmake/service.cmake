# add_service(inventory RULES inventory.c OWNS stock.c SCRIPTS allocate.lua release.lua)
# makes the library inventory_rules (pure: it is linked to common/domain alone, so it cannot reach Kafka or Redis), the library
# inventory_parts (what the service owns in Redis, with its scripts) and the program orderly-inventory from main.c.
function(add_service name)
    cmake_parse_arguments(SERVICE "" "" "RULES;OWNS;SCRIPTS" ${ARGN})

    add_library(${name}_rules STATIC ${SERVICE_RULES})
    target_include_directories(${name}_rules PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${name}_rules PUBLIC common_domain PRIVATE guard_rails)

    if(SERVICE_OWNS)
        add_library(${name}_parts STATIC ${SERVICE_OWNS})
        target_link_libraries(${name}_parts PUBLIC ${name}_rules common_runtime PRIVATE guard_rails)
        embed_scripts(${name}_parts ${SERVICE_SCRIPTS})
    else()
        add_library(${name}_parts INTERFACE)
        target_link_libraries(${name}_parts INTERFACE ${name}_rules common_runtime)
    endif()

    add_executable(orderly-${name} main.c)
    target_link_libraries(orderly-${name} PRIVATE ${name}_parts guard_rails)
    install(TARGETS orderly-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
