#include "doctor_rules.h"

#include "status.h"

#include <assert.h>

#define SKEW_WARNING_MS 2000 /* timers come late by as much */
#define SKEW_WRONG_MS 60000  /* longer than any step is given */
#define MEMORY_WARNING_PERCENT 80
#define MEMORY_WRONG_PERCENT 95

const char *finding_word(enum finding finding)
{
    static const char *const words[] = {
        [FINDING_OK] = "ok", [FINDING_UNKNOWN] = "unknown", [FINDING_WARNING] = "warning", [FINDING_WRONG] = "wrong"};

    assert(finding < FINDING_COUNT);
    return words[finding];
}

enum finding finding_worse(enum finding a, enum finding b) { return a > b ? a : b; }

/* ---- topics ---- */

/* What it means that a setting is below or above the planned one; a text counts as below when it differs. */
static const struct setting_rule {
    const char *name;
    bool is_text;
    enum finding below, above;
    const char *why_below, *why_above;
} setting_rules[] = {
    {"message.timestamp.type", true, FINDING_WRONG, FINDING_WRONG, "then clients decide what time it is",
     "then clients decide what time it is"},
    {"retention.ms", false, FINDING_WRONG, FINDING_WARNING, "then records go before a service that was away has read them",
     "then records stay longer than the marks that keep them from being done twice"},
    {"segment.ms", false, FINDING_OK, FINDING_WRONG, "", "then records live far longer than their retention"},
    {"max.message.bytes", false, FINDING_WRONG, FINDING_WARNING, "then records that have to fit are refused",
     "then records come that no dead-letter topic takes whole"},
    {"flush.messages", false, FINDING_WRONG, FINDING_WRONG, "then a power cut loses what the only broker has acknowledged",
     "then a power cut loses what the only broker has acknowledged"},
    {"min.insync.replicas", false, FINDING_WRONG, FINDING_WARNING, "then one lost disk loses what was acknowledged",
     "then one broker that is away stops everything"},
};

static const struct setting_rule *rule_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(setting_rules); i++)
        if (strcmp(setting_rules[i].name, name) == 0)
            return &setting_rules[i];
    return NULL;
}

/* -1 below, 0 the same, 1 above. A retention of -1 is for ever. */
static int compare_setting(const struct setting_rule *rule, const char *is, const char *planned)
{
    int64_t number, planned_number;

    if (strcmp(is, planned) == 0)
        return 0;
    if (rule->is_text || !text_to_number(text_of(is), &number) || !text_to_number(text_of(planned), &planned_number))
        return -1;
    if (number == -1)
        return 1;
    return number < planned_number ? -1 : number > planned_number;
}

enum finding setting_finding(const char *name, const char *is, const char *planned, const char **out_why)
{
    const struct setting_rule *rule = rule_of(name);
    int order;

    *out_why = "";
    if (rule == NULL)
        return strcmp(is, planned) == 0 ? FINDING_OK : FINDING_WARNING;
    order = compare_setting(rule, is, planned);
    if (order == 0)
        return FINDING_OK;
    *out_why = order < 0 ? rule->why_below : rule->why_above;
    return order < 0 ? rule->below : rule->above;
}

/* ---- Redis ---- */

struct text info_field(struct text info, const char *name)
{
    bool more = true;

    while (more) {
        struct text value, key;
        more = text_split(&info, '\n', &value);
        if (text_split(&value, ':', &key) && text_equals(key, text_of(name))) {
            if (value.length > 0 && value.at[value.length - 1] == '\r')
                value.length--;
            return value;
        }
    }
    return TEXT_NONE;
}

/* The number at the beginning of a text, which is moved behind it and a dot. */
static bool take_number(struct text *text, int *out_number)
{
    size_t digits = 0;

    *out_number = 0;
    while (digits < text->length && digits < 6 && text->at[digits] >= '0' && text->at[digits] <= '9')
        *out_number = *out_number * 10 + (text->at[digits++] - '0');
    if (digits == 0)
        return false;
    digits += digits < text->length;
    *text = (struct text){text->at + digits, text->length - digits};
    return true;
}

bool version_is_older(struct text version, int major, int minor)
{
    int is_major, is_minor;

    if (!take_number(&version, &is_major) || !take_number(&version, &is_minor))
        return false;
    return is_major != major ? is_major < major : is_minor < minor;
}

enum finding skew_finding(int64_t skew_ms)
{
    int64_t distance_ms = skew_ms < 0 ? -skew_ms : skew_ms;

    if (distance_ms > SKEW_WRONG_MS)
        return FINDING_WRONG;
    return distance_ms > SKEW_WARNING_MS ? FINDING_WARNING : FINDING_OK;
}

enum finding ahead_finding(int64_t ahead_ms) { return ahead_ms <= 0 ? FINDING_OK : skew_finding(ahead_ms); }

enum finding memory_finding(int64_t used, int64_t limit)
{
    double percent = limit <= 0 ? 0 : (double)used * 100 / (double)limit;

    if (percent >= MEMORY_WRONG_PERCENT)
        return FINDING_WRONG;
    return percent >= MEMORY_WARNING_PERCENT ? FINDING_WARNING : FINDING_OK;
}

/* ---- groups ---- */

void progress_add(struct group_progress *progress, int64_t low, int64_t high, int64_t high_later, int64_t committed)
{
    if (committed < 0) {
        progress->waiting += high - low;
        return;
    }
    if (committed < low)
        progress->missed += low - committed;
    if (committed > high_later)
        progress->beyond += committed - high_later;
    if (committed < high)
        progress->waiting += high - (committed < low ? low : committed);
}

enum finding group_finding(const struct group_progress *progress, int members)
{
    if (progress->missed > 0 || progress->beyond > 0)
        return FINDING_WRONG;
    if (members == 0)
        return progress->waiting > 0 ? FINDING_WRONG : FINDING_WARNING;
    return FINDING_OK;
}
