# add_room(kafka USES text domain SOURCES bus.c LINKS PkgConfig::RDKAFKA)
# makes the library common_kafka of a folder of common/. It sees the headers of the rooms it uses, and links to nothing else: a
# file that reaches further does not build. LINKS are the vendor's libraries, which nobody else sees.
function(add_room name)
    cmake_parse_arguments(ROOM "" "" "USES;SOURCES;LINKS" ${ARGN})

    list(TRANSFORM ROOM_SOURCES PREPEND ${name}/)
    list(TRANSFORM ROOM_USES PREPEND common_)
    add_library(common_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(common_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    target_link_libraries(common_${name} PUBLIC ${ROOM_USES} PRIVATE guard_rails ${ROOM_LINKS})
endfunction()
