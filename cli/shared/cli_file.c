#include "cli_file.h"

#include <errno.h>
#include <stdio.h>

#define FILE_STEP ((size_t)64 * 1024)

bool file_read(struct arena *arena, const char *path, size_t bytes_max, struct text *out_text)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    struct buffer buffer = buffer_in(arena, FILE_STEP);
    char step[4096];
    size_t length;
    bool good;

    if (file == NULL)
        return false;
    while ((length = fread(step, 1, sizeof(step), file)) > 0 && buffer.length <= bytes_max)
        buffer_add(&buffer, (struct text){step, length});
    good = !ferror(file);
    if (good && buffer.length > bytes_max) {
        errno = EFBIG;
        good = false;
    }
    if (file != stdin)
        fclose(file);
    *out_text = buffer_text(&buffer);
    return good;
}
