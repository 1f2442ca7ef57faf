/* cli_file.h - files that a command is given. */
#ifndef ORDERLY_CLI_FILE_H
#define ORDERLY_CLI_FILE_H

#include "text.h"

/* A whole file, or standard input for "-", in the arena. False: errno says why; more than bytes_max is EFBIG. */
MUST_CHECK bool file_read(struct arena *arena, const char *path, size_t bytes_max, struct text *out_text);

#endif
