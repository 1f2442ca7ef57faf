# What every target of ours is compiled with: link it as `guard_rails`.
add_library(guard_rails INTERFACE)
target_compile_options(guard_rails INTERFACE
    -Wall -Wextra -Wconversion -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
    -fno-omit-frame-pointer)
target_compile_definitions(guard_rails INTERFACE _GNU_SOURCE ORDERLY_VERSION="${PROJECT_VERSION}")

if(ORDERLY_SANITIZE)
    target_compile_options(guard_rails INTERFACE -fsanitize=address,undefined)
    target_link_options(guard_rails INTERFACE -fsanitize=address,undefined)
endif()
if(ORDERLY_FUZZ)
    target_compile_options(guard_rails INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ORDERLY_COVERAGE)
    target_compile_options(guard_rails INTERFACE --coverage)
    target_link_options(guard_rails INTERFACE --coverage)
endif()
