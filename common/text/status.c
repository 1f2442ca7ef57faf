#include "status.h"

#include <assert.h>

static const struct {
    const char *name, *text;
    enum status_then then;
} statuses[] = {
#define STATUS_ROW(name, text, then) [STATUS_##name] = {#name, text, THEN_##then},
    STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
};

const char *status_name(enum status status)
{
    assert(status < STATUS_COUNT);
    return statuses[status].name;
}

const char *status_text(enum status status)
{
    assert(status < STATUS_COUNT);
    return statuses[status].text;
}

enum status_then status_then(enum status status)
{
    assert(status < STATUS_COUNT);
    return statuses[status].then;
}
