#include "cli_json.h"

#include <stdio.h>

void cli_print_json(struct json_draft *draft)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create();

    printf("%.*s\n", TEXT_ARG(json_draft_text(arena, draft, JSON_ONE_LINE)));
}
