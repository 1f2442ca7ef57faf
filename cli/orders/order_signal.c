#include "order_signal.h"

#include "bus_send.h"
#include "clock.h"
#include "json_build.h"
#include "message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define SIGNAL_SOURCE "/orderly/cli"

const char *signal_user(void)
{
    const char *user = getenv("USER");

    return user != NULL && user[0] != '\0' ? user : getlogin();
}

static void add_member(struct json_draft *draft, const char *name, const char *string)
{
    if (string != NULL && string[0] != '\0')
        json_add_text(draft, name, text_of(string));
}

struct text signal_value(struct arena *arena, const struct order_signal *signal)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    struct inbox_record understood;
    const struct json *root;
    struct text value;

    json_add_text(draft, "kind", text_of(signal->kind));
    json_add_text(draft, "orderId", signal->order_id);
    add_member(draft, "requestedBy", signal->by);
    add_member(draft, "reason", signal->reason);
    value = json_draft_text(arena, draft, JSON_ONE_LINE);
    /* What the orchestrator would bury must not be sent. */
    if (json_read(arena, value, &root) != STATUS_OK || inbox_read(arena, root, &understood) != STATUS_OK)
        return TEXT_NONE;
    return value;
}

/* Two people may say the same at the same time. */
static uint64_t random_number(void)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint64_t)clock_wall_ms() << 20 ^ (uint64_t)getpid();
    return number;
}

enum status signal_send(struct bus *bus, struct arena *arena, const struct order_signal *signal)
{
    struct header headers[ENVELOPE_HEADERS];
    struct text value = signal_value(arena, signal);
    struct text id = text_format(arena, "%.*s/%s/%016" PRIx64, TEXT_ARG(signal->order_id), signal->kind, random_number());
    struct envelope envelope = {
        .id = id,
        .type = text_format(arena, "order.%s", signal->kind),
        .subject = signal->order_id,
        .source = SIGNAL_SOURCE,
        .time = time_text(arena, clock_wall_ms()),
        .trace = trace_continue(arena, signal->trace, id, signal->order_id),
    };
    size_t count = envelope_headers(&envelope, headers);

    if (!text_is_there(value))
        return STATUS_BAD_MESSAGE;
    return bus_send(bus, &(struct outgoing){.topic = topic_name(TOPIC_INBOX),
                                            .partition = -1,
                                            .key = signal->order_id,
                                            .value = value,
                                            .headers = headers,
                                            .header_count = count});
}
