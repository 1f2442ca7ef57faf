#include "admission.h"

#include "mask.h"

static struct admission dead(struct arena *arena, const char *reason, struct text value)
{
    struct admission admission = {.dead_reason = reason};
    struct text masked = mask_bytes(arena, value, &admission.masked);

    if (admission.masked)
        admission.masked_value = masked;
    return admission;
}

static struct text inbox_value(struct arena *arena, const struct admission_rules *rules, const struct application *application,
                               const struct admission *admission, struct text order)
{
    struct buffer buffer = buffer_in(arena, order.length + rules->policy.length + 256);

    buffer_add(&buffer, TEXT("{\"kind\":\"order\",\"orderId\":"));
    buffer_add_json_string(&buffer, admission->order_id);
    buffer_add(&buffer, TEXT(",\"order\":"));
    buffer_add(&buffer, order);
    buffer_add(&buffer, TEXT(",\"source\":{\"topic\":"));
    buffer_add_json_string(&buffer, application->topic);
    buffer_add(&buffer, TEXT(",\"partition\":"));
    buffer_add_number(&buffer, application->partition);
    buffer_add(&buffer, TEXT(",\"offset\":"));
    buffer_add_number(&buffer, application->offset);
    buffer_add(&buffer, TEXT(",\"timestamp\":"));
    buffer_add_number(&buffer, application->time_ms);
    if (admission->masked)
        buffer_add(&buffer, TEXT(",\"masked\":true"));
    buffer_add(&buffer, TEXT("},\"policy\":"));
    buffer_add(&buffer, rules->policy);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static int64_t made_ms(const struct application *application)
{
    return application->made_ms != 0 ? application->made_ms : application->time_ms;
}

struct admission admission_decide(struct arena *arena, const struct admission_rules *rules, const struct application *application,
                                  int64_t now_ms)
{
    const struct json *root;
    struct admission admission = {0};
    const char *problem;
    struct text order;

    if (application->value.length > rules->bytes_max)
        return dead(arena, "too_large", application->value);
    problem = record_problem(arena, application->value, 0, &root, &admission.order_id);
    if (problem != NULL && strcmp(problem, "not_json") == 0)
        return dead(arena, problem, application->value);
    order = mask_json(arena, root, &admission.masked);
    if (problem == NULL && now_ms - made_ms(application) > rules->retention_ms)
        problem = "too_old";
    if (problem != NULL) {
        admission.dead_reason = problem;
        admission.masked_value = admission.masked ? order : TEXT_NONE;
        return admission;
    }
    admission.inbox_value = inbox_value(arena, rules, application, &admission, order);
    return admission;
}
