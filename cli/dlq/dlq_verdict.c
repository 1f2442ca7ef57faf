#include "dlq_verdict.h"

#include <assert.h>

static const struct {
    const char *word, *text;
} verdicts[] = {
#define VERDICT_ROW(name, word, text) [VERDICT_##name] = {word, text},
    VERDICT_TABLE(VERDICT_ROW)
#undef VERDICT_ROW
};
_Static_assert(REDRIVES_MAX == 3, "the text of TOO_OFTEN says 3");

const char *verdict_word(enum verdict verdict)
{
    assert(verdict < VERDICT_COUNT);
    return verdicts[verdict].word;
}

const char *verdict_text(enum verdict verdict)
{
    assert(verdict < VERDICT_COUNT);
    return verdicts[verdict].text;
}

static bool is_too_old(const struct letter *letter, const struct redrive_rules *rules)
{
    return strcmp(letter->reason, "too_old") == 0 || rules->now_ms - letter->written_ms > rules->retention_ms;
}

/* What speaks against a redrive, as long as nobody insists on it. */
static enum verdict doubt_about(const struct letter *letter, const struct redrive_rules *rules)
{
    if (strcmp(letter->reason, "conflict") == 0)
        return VERDICT_CONFLICT;
    if (is_too_old(letter, rules))
        return VERDICT_TOO_OLD;
    if (letter->redrives >= REDRIVES_MAX)
        return VERDICT_TOO_OFTEN;
    return letter->masked ? VERDICT_MASKED : VERDICT_SEND;
}

enum verdict redrive_verdict(const struct letter *letter, const struct redrive_rules *rules)
{
    if (!letter->is_ours)
        return VERDICT_NOT_OURS;
    if (letter->cut)
        return VERDICT_CUT;
    if (letter->redriven && !(rules->force && rules->named))
        return VERDICT_REDRIVEN;
    return rules->force ? VERDICT_SEND : doubt_about(letter, rules);
}
