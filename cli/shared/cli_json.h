/* cli_json.h - output for programs: one JSON object a line. */
#ifndef ORDERLY_CLI_JSON_H
#define ORDERLY_CLI_JSON_H

#include "json_build.h"

/* Prints the draft on a line of its own. */
void cli_print_json(struct json_draft *draft);

#endif
