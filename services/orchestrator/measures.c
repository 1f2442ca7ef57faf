#include "measures.h"

#include "memory.lua.h"

#define SECOND_MS 1000
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)

static const int64_t step_bounds_ms[] = {1,    2,    5,    10,    25,    50,        100,           250,           500,
                                         1000, 2500, 5000, 10000, 30000, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS};
static const int64_t order_bounds_ms[] = {5,
                                          10,
                                          25,
                                          50,
                                          100,
                                          250,
                                          500,
                                          1000,
                                          2500,
                                          5000,
                                          10000,
                                          30000,
                                          MINUTE_MS,
                                          2 * MINUTE_MS,
                                          5 * MINUTE_MS,
                                          10 * MINUTE_MS,
                                          30 * MINUTE_MS,
                                          HOUR_MS};

enum {
    FAMILY_RECORDS,
    FAMILY_TRANSITIONS,
    FAMILY_STEP_SECONDS,
    FAMILY_ORDER_SECONDS,
    FAMILY_COMMAND_RETRIES,
    FAMILY_DEADLINES,
    FAMILY_NUDGES,
    FAMILY_MENDED,
    FAMILY_SAGAS,
    FAMILY_OLDEST,
    FAMILY_TIMERS_DUE,
    FAMILY_CLOCKS,
    FAMILY_REDIS_MEMORY,
    FAMILY_REDIS_MEMORY_MAX,
    FAMILY_COUNT
};

#define FORWARDED "forwarded" /* beside the hearings of fold.h */

static const char *const kinds[] = {"order", "reply", "nudge", "cancel", "retry"};
#define HEARINGS (HEARING_COUNT + 1)

static const char *record_value(size_t number, size_t label)
{
    size_t hearing = number % HEARINGS;

    if (label == 0)
        return kinds[number / HEARINGS];
    return hearing == HEARING_COUNT ? FORWARDED : hearing_name((enum hearing)hearing);
}

/* The series of a status, of one that ends a saga, and of a command. */
#define STATUS_SERIES(status) ((size_t)(status)-SAGA_NONE - 1)
#define END_SERIES(status) ((size_t)(status)-SAGA_COMPLETED)
#define ASK_SERIES(ask) ((size_t)(ask)-ASK_NOTHING - 1)

static const char *status_value(size_t number, size_t label)
{
    (void)label;
    return saga_status_text((enum saga_status)(number + SAGA_NONE + 1));
}

static const char *end_value(size_t number, size_t label)
{
    (void)label;
    return saga_status_text((enum saga_status)(number + SAGA_COMPLETED));
}

static const char *ask_value(size_t number, size_t label)
{
    (void)label;
    return ask_type((enum ask)(number + ASK_NOTHING + 1));
}

static const struct metric_family families[FAMILY_COUNT] = {
    [FAMILY_RECORDS] =
        {.name = "orderly_records_total",
         .help = "Records of saga.inbox by kind and by what came of them: changed the saga, ignored (late, or not asked for), "
                 "redelivered, "
                 "duplicate and conflict (an order that is here already), broken (the saga makes no sense), forwarded (it lay in "
                 "the wrong partition)",
         .type = METRIC_COUNTER,
         .labels = {"kind", "hearing"},
         .series_max = COUNT_OF(kinds) * HEARINGS,
         .value = record_value},
    [FAMILY_TRANSITIONS] = {.name = "orderly_saga_transitions_total",
                            .help = "Sagas that came to a status",
                            .type = METRIC_COUNTER,
                            .labels = {"status"},
                            .series_max = STATUS_SERIES(SAGA_STATUS_COUNT),
                            .value = status_value},
    [FAMILY_STEP_SECONDS] =
        {.name = "orderly_step_seconds",
         .help = "Time from a command, its first attempt, to the reply that settled it, by the times of the records",
         .type = METRIC_HISTOGRAM,
         .labels = {"type"},
         .series_max = ASK_SERIES(ASK_COUNT),
         .value = ask_value,
         .scale = METRICS_SECOND_MS,
         .bounds = step_bounds_ms,
         .bound_count = COUNT_OF(step_bounds_ms)},
    [FAMILY_ORDER_SECONDS] = {.name = "orderly_order_seconds",
                              .help = "Time from createdAt to completedAt of the sagas that ended, by their status",
                              .type = METRIC_HISTOGRAM,
                              .labels = {"status"},
                              .series_max = END_SERIES(SAGA_STATUS_COUNT),
                              .value = end_value,
                              .scale = METRICS_SECOND_MS,
                              .bounds = order_bounds_ms,
                              .bound_count = COUNT_OF(order_bounds_ms)},
    [FAMILY_COMMAND_RETRIES] =
        {.name = "orderly_command_retries_total",
         .help = "Commands that were sent again: a further attempt, a silent worker, or a record that was delivered again",
         .type = METRIC_COUNTER,
         .labels = {"type"},
         .series_max = ASK_SERIES(ASK_COUNT),
         .value = ask_value},
    [FAMILY_DEADLINES] =
        {.name = "orderly_deadline_exceeded_total",
         .help = "Sagas that were still under way at their deadlineAt, by the status they had; counted at their first transition "
                 "after it. "
                 "Before the shipment they are undone; fulfilling and capturing_payment go on and want an eye on them",
         .type = METRIC_COUNTER,
         .labels = {"status"},
         .series_max = STATUS_SERIES(SAGA_COMPLETED),
         .value = status_value},
    [FAMILY_NUDGES] = {.name = "orderly_nudges_total", .help = "Nudges sent because a timer was due", .type = METRIC_COUNTER},
    [FAMILY_MENDED] = {.name = "orderly_reply_members_mended_total",
                       .help = "Members of replies that broke their rule and were cut or left out, by name; the reply counts all "
                               "the same",
                       .type = METRIC_COUNTER,
                       .labels = {"member"},
                       .series_max = REPLY_MEMBERS},
    [FAMILY_SAGAS] = {.name = "orderly_sagas",
                      .help = "Sagas in Redis by the index they stand in, broken: set aside; as Redis answered last. Every "
                              "replica tells of all, so take max, "
                              "not sum",
                      .type = METRIC_GAUGE,
                      .labels = {"status"},
                      .series_max = SAGA_STATUS_COUNT},
    [FAMILY_OLDEST] = {.name = "orderly_oldest_running_saga_seconds",
                       .help = "Age of the oldest saga in the index of running sagas by Redis' clock, 0 without one",
                       .type = METRIC_GAUGE,
                       .scale = METRICS_SECOND_MS},
    [FAMILY_TIMERS_DUE] = {.name = "orderly_timers_due",
                           .help =
                               "Entries of all timers whose time has come by Redis' clock; they are taken within a second or so",
                           .type = METRIC_GAUGE},
    [FAMILY_CLOCKS] = {.name = "orderly_clock_difference_seconds",
                       .help = "How far Redis' clock is ahead of that of the brokers, as they dated what was sent last; "
                               "negative: behind it. With more than 300 either way nothing is swept",
                       .type = METRIC_GAUGE,
                       .scale = METRICS_SECOND_MS},
    [FAMILY_REDIS_MEMORY] = {.name = "orderly_redis_memory_bytes",
                             .help =
                                 "Memory that Redis uses (used_memory), as it answered last; 0 when its user may not ask INFO",
                             .type = METRIC_GAUGE},
    [FAMILY_REDIS_MEMORY_MAX] = {.name = "orderly_redis_memory_max_bytes",
                                 .help = "maxmemory of Redis: what it refuses to write beyond; 0 is no limit",
                                 .type = METRIC_GAUGE},
};

struct metric_table measures_table(void) { return (struct metric_table){families, FAMILY_COUNT}; }

/* ---- what was heard ---- */

static void count_record(struct metrics *metrics, struct text kind, size_t hearing)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (text_equals(kind, text_of(kinds[i])))
            metric_add(metrics_at(metrics, &families[FAMILY_RECORDS], i * HEARINGS + hearing), 1);
}

void measure_forwarded(struct metrics *metrics, struct text kind) { count_record(metrics, kind, HEARING_COUNT); }

void measure_mended(struct metrics *metrics, const char *member)
{
    metric_add(metrics_series(metrics, &families[FAMILY_MENDED], (struct text[]){text_of(member)}), 1);
}

void measure_nudges(struct metrics *metrics, size_t count)
{
    metric_add(metrics_series(metrics, &families[FAMILY_NUDGES], NULL), (int64_t)count);
}

static void measure_move(struct metrics *metrics, const struct move *move)
{
    if (move->answered != ASK_NOTHING)
        metric_observe(metrics_at(metrics, &families[FAMILY_STEP_SECONDS], ASK_SERIES(move->answered)), move->waited_ms);
    if (move->passed_deadline)
        metric_add(metrics_at(metrics, &families[FAMILY_DEADLINES], STATUS_SERIES(move->from)), 1);
    if (move->from == move->to)
        return;
    metric_add(metrics_at(metrics, &families[FAMILY_TRANSITIONS], STATUS_SERIES(move->to)), 1);
    if (saga_status_is_terminal(move->to))
        metric_observe(metrics_at(metrics, &families[FAMILY_ORDER_SECONDS], END_SERIES(move->to)), move->order_ms);
}

/* Whether the group sends the pending command, and that was sent before. */
static bool sends_again(const struct group *group)
{
    return group->effects.send_command && saga_has_something_to_send(&group->saga) &&
           (group->saga.attempt > 1 || group->saga.pending == group->loaded.pending);
}

void measure_group(struct metrics *metrics, const struct group *group)
{
    for (size_t i = 0; i < group->heard_count; i++) {
        const struct heard *heard = &group->heard[i];
        count_record(metrics, heard->message->kind, group->broken ? HEARING_BROKEN : heard->hearing);
        if (!group->broken)
            measure_move(metrics, &heard->move);
    }
    if (!group->broken && sends_again(group))
        metric_add(metrics_at(metrics, &families[FAMILY_COMMAND_RETRIES], ASK_SERIES(group->saga.pending)), 1);
}

void measure_clocks(struct metrics *metrics, int64_t difference_ms)
{
    metric_set(metrics_series(metrics, &families[FAMILY_CLOCKS], NULL), difference_ms);
}

/* ---- what lies in Redis ---- */

const struct store_script memory_script = {.name = "memory", .source = memory_lua};

static size_t queue_count(struct store *store, const char *command, struct text key)
{
    return store_queue(store, key, (struct text[]){text_of(command), key}, 2);
}

static size_t queue_due(struct run *run, uint64_t shard, struct text until)
{
    struct text key = key_timers(run->arena, shard);

    return store_queue(run->store, key, (struct text[]){TEXT("ZCOUNT"), key, TEXT("-inf"), until}, 4);
}

/* Everything that measure_ledger() asks, by the numbers of the answers. */
struct questions {
    size_t broken, oldest, memory, due, indexes[SAGA_STATUS_COUNT]; /* due: the first of TIMER_SHARDS */
};

/* The running statuses share an index, which is asked for once. */
static bool is_first_of_index(enum saga_status status)
{
    return strcmp(saga_status_index(status), saga_status_index(status - 1)) != 0;
}

static struct questions ask(struct run *run, int64_t now_ms)
{
    struct store *store = run->store;
    struct questions questions = {0};
    struct text now = text_of_number(run->arena, now_ms);
    struct text oldest[] = {TEXT("ZRANGE"), key_index(run->arena, SAGA_VALIDATING), TEXT("0"), TEXT("0"), TEXT("WITHSCORES")};

    store_begin(store);
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        if (is_first_of_index(status))
            questions.indexes[status] = queue_count(store, "ZCARD", key_index(run->arena, status));
    questions.broken = queue_count(store, "SCARD", key_broken(run->arena));
    questions.oldest = store_queue(store, oldest[1], oldest, COUNT_OF(oldest));
    questions.memory = store_call(store, &memory_script, 0, NULL, 0);
    questions.due = queue_due(run, 0, now);
    for (uint64_t shard = 1; shard < TIMER_SHARDS; shard++)
        queue_due(run, shard, now);
    return questions;
}

/* The score that ZRANGE gave with the first member; now_ms when there is no member. */
static int64_t oldest_ms(const struct store_value *reply, int64_t now_ms)
{
    int64_t since_ms;

    if (store_count(reply) < 2 || !text_to_number(store_text(store_element(reply, 1)), &since_ms) || since_ms > now_ms)
        return now_ms;
    return since_ms;
}

static void find_sagas(struct run *run, const char *index, size_t question)
{
    metric_found(metrics_series(run->metrics, &families[FAMILY_SAGAS], (struct text[]){text_of(index)}),
                 store_number(store_value(run->store, question)));
}

static void show_sagas(struct run *run, const struct questions *questions)
{
    metrics_begin_found(run->metrics, &families[FAMILY_SAGAS]);
    for (enum saga_status status = SAGA_NONE + 1; status < SAGA_STATUS_COUNT; status++)
        if (is_first_of_index(status))
            find_sagas(run, saga_status_index(status), questions->indexes[status]);
    find_sagas(run, "broken", questions->broken);
    metrics_end_found(run->metrics, &families[FAMILY_SAGAS]);
}

static void show_memory(struct run *run, const struct store_value *reply)
{
    if (store_count(reply) != 2)
        return;
    metric_set(metrics_series(run->metrics, &families[FAMILY_REDIS_MEMORY], NULL), store_number(store_element(reply, 0)));
    metric_set(metrics_series(run->metrics, &families[FAMILY_REDIS_MEMORY_MAX], NULL), store_number(store_element(reply, 1)));
}

void measure_ledger(struct run *run, int64_t now_ms)
{
    int64_t due = 0;
    struct questions questions = ask(run, now_ms);

    if (store_flush(run->store) != STATUS_OK)
        return; /* the next look at readiness says so */
    show_sagas(run, &questions);
    show_memory(run, store_value(run->store, questions.memory));
    metric_set(metrics_series(run->metrics, &families[FAMILY_OLDEST], NULL),
               now_ms - oldest_ms(store_value(run->store, questions.oldest), now_ms));
    for (size_t shard = 0; shard < TIMER_SHARDS; shard++)
        due += store_number(store_value(run->store, questions.due + shard));
    metric_set(metrics_series(run->metrics, &families[FAMILY_TIMERS_DUE], NULL), due);
}
