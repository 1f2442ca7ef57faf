/* worker_under_test.c - a worker that test_worker.c makes do what it wants: a table and its rules, as every worker.
 *
 * What Redis says in word:<orderId> decides about fulfillment.ship:
 *   "no"      it is refused
 *   "broken"  its phase says STATUS_BROKEN
 *   "wait"    its phase waits until the process is told to stop
 *   else      a script greets, once; the outcome has the setting GREETING in it
 * fulfillment.cancel has no phase but the script. Every phase logs event=noted. */
#include "keys.h"
#include "log.h"
#include "worker.h"

#include <string.h>
#include <time.h>

#define WAIT_STEP_NS 5000000

struct test_settings {
    char greeting[SETTING_TEXT_SIZE];
    int64_t volume;
};

static const struct setting settings[] = {
    SETTING_TEXT("GREETING", struct test_settings, greeting, "hello", "what a shipment is greeted with"),
    SETTING_NUMBER("VOLUME", struct test_settings, volume, 5, 1, 10, "how loud"),
};

static size_t check_settings(const void *own_settings, FILE *report)
{
    if (strchr(((const struct test_settings *)own_settings)->greeting, '"') == NULL)
        return 0;
    fprintf(report, "GREETING: it can't be quoted\n");
    return 1;
}

static const struct store_script greet_script = {.name = "greet",
                                                 .source = "local stored = redis.call('HGET', KEYS[1], ARGV[1])\n"
                                                           "if stored then return {ok = stored} end\n"
                                                           "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                                           "redis.call('HINCRBY', KEYS[1], 'times', 1)\n"
                                                           "return ARGV[2]"};

static void note(const char *phase, const struct work *work)
{
    log_event(LOG_INFO, "noted", "phase=%s order=%.*s", phase, TEXT_ARG(work->command->order_id));
}

static struct text mark_key(struct arena *arena, const struct work *work) { return key_shipment(arena, work->command->order_id); }

static enum status ship_load(struct run *run, struct work *work)
{
    struct text key = text_format(run->arena, "word:%.*s", TEXT_ARG(work->command->order_id));

    note("load", work);
    work->queued = store_queue(run->store, key, (struct text[]){TEXT("GET"), key}, 2);
    return STATUS_OK;
}

static enum status ship_decide(struct run *run, struct work *work)
{
    struct text word = store_text(store_value(run->store, work->queued));

    note("decide", work);
    if (text_equals(word, TEXT("broken")))
        return STATUS_BROKEN;
    if (text_equals(word, TEXT("no")))
        work_refuse(work, TEXT("told_so"));
    while (text_equals(word, TEXT("wait")) && !*run->stop)
        nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_NS}, NULL);
    return STATUS_OK;
}

static enum status greet(struct run *run, struct work *work)
{
    const struct test_settings *own = run->own_settings;
    struct text result = text_format(run->arena, "{\"greeting\":\"%s\",\"volume\":%d}", own->greeting, (int)own->volume);
    const struct text arguments[] = {mark_key(run->arena, work), work->reply.type, outcome_succeeded(run->arena, result)};

    note("apply", work);
    work->queued = store_call(run->store, &greet_script, 1, arguments, COUNT_OF(arguments));
    return STATUS_OK;
}

static enum status ship_answer(struct run *run, struct work *work)
{
    note("answer", work);
    return work_answer_stored(run, work, store_text(store_value(run->store, work->queued)));
}

static const struct worker worker = {
    .topic = TOPIC_FULFILLMENT,
    .purpose = "does what a test wants",
    .mark_key = mark_key,
    .commands =
        {
            {.type = "fulfillment.ship", .load = ship_load, .decide = ship_decide, .apply = greet, .answer = ship_answer},
            {.type = "fulfillment.cancel", .apply = greet},
        },
    .scripts = {&greet_script},
    .settings = {settings, COUNT_OF(settings), sizeof(struct test_settings), check_settings},
};

int main(int argc, char **argv) { return worker_run(&worker, argc, argv); }
