/* docs/examples/fulfillment.py in the place of orderly-fulfillment: killed in the middle, given rubbish and the same command
 * twice. */
#include "crowd.h"
#include "stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD 600

static pid_t worker; /* 0: none runs */

static void set_up_with(const char *const settings[])
{
    stage_set_up();
    stage_start((struct system_options){.without = "fulfillment", .settings = settings});
}

static void set_up(void) { set_up_with(NULL); }

/* A shipment is soon given up. */
static void set_up_impatient(void)
{
    static const char *const settings[] = {"STEP_DEADLINE_SECONDS_FULFILLMENT_SHIP=2", NULL};

    set_up_with(settings);
}

static void start_worker(void)
{
    const char *python = getenv("ORDERLY_TEST_PYTHON");

    cr_assert_not_null(python, "ORDERLY_TEST_PYTHON is not set: run tests/run.sh");
    worker = fork();
    if (worker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setenv("KAFKA_BOOTSTRAP_SERVERS", getenv("ORDERLY_TEST_KAFKA"), 1);
        setenv("REDIS_URL", redis_process_url(stage.redis), 1);
        execl(python, python, "docs/examples/fulfillment.py", (char *)NULL);
        _exit(127);
    }
}

static void kill_worker(void)
{
    cr_assert_eq(waitpid(worker, NULL, WNOHANG), 0, "the worker has ended by itself");
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    worker = 0;
}

/* SIGTERM, which it must obey cleanly. */
static void stop_worker(void)
{
    int how = 0;

    if (worker == 0)
        return;
    kill(worker, SIGTERM);
    waitpid(worker, &how, 0);
    cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the worker ended with %x", how);
}

static void tear_down(void)
{
    stop_worker();
    stage_tear_down();
}

TestSuite(python_worker, .fini = tear_down);

/* How many of its answers tell another tracking number than the one in Redis. */
static size_t other_numbers(const struct seen *answers)
{
    size_t count = 0;

    for (size_t i = 0; i < answers->count; i++) {
        const struct json *result = json_member(answers->list[i].value, TEXT("result"));
        struct text number = json_string(stage.arena, json_member(result, TEXT("trackingNumber")));
        count += text_is_there(number) &&
                 !text_equals(number, text_of(shipment_field(text_copy(stage.arena, answers->list[i].key).at, "trackingNumber")));
    }
    return count;
}

static const struct seen *wait_for_answers(const char *prefix, size_t count)
{
    return wait_for_replies(prefix, "fulfillment.", count);
}

/* ---- stories ---- */

static size_t completed(void) { return (size_t)store_number(REDIS(TEXT("ZCARD"), TEXT("sagas:completed"))); }

/* Every number it gives is a new one: a shipment that was booked twice would have two. */
Test(python_worker, killed_in_the_middle_it_ships_each_order_once, .init = set_up)
{
    CLEANUP(crowd_destroy) struct crowd *crowd = crowd_create("python", CROWD);
    const struct seen *answers;

    start_worker();
    system_send_orders(crowd->values, crowd->count / 2);
    WAIT_UNTIL(completed() > 0);
    system_send_orders(crowd->values + crowd->count / 2, crowd->count - crowd->count / 2);
    kill_worker();
    cr_assert_lt(completed(), CROWD * 6 / 10, "it was killed too late to show anything");
    start_worker();
    crowd_check(stage.store, crowd);
    answers = wait_for_answers(crowd->prefix, CROWD * 7 / 10);
    cr_expect_eq(other_numbers(answers), 0);
}

/* The worker is away for longer than the shipment may take. When it comes, it books what was given up, or refuses it, and then
 * hears the cancel. */
Test(python_worker, what_was_given_up_meanwhile_goes_forward_if_it_was_shipped, .init = set_up_impatient)
{
    const char *shipped = unique("late"), *refused = unique("late-refused");
    const char *ids[] = {shipped, refused};
    const int64_t end_ms = test_now_ms() + SYSTEM_WAIT_MS;

    send_order(shipped, "IT");
    send_order(refused, "AQ");
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct text nudge = text_format(stage.arena, "{\"kind\":\"nudge\",\"orderId\":\"%s\"}", ids[i]);
        while (strcmp(saga_field(ids[i], "status"), "compensating") != 0 && test_now_ms() < end_ms)
            system_send("saga.inbox", ids[i], nudge.at, nudge.length);
    }
    start_worker();
    wait_for_status(stage.store, shipped, "completed");
    wait_for_status(stage.store, refused, "failed");
    cr_expect_str_eq(saga_field(refused, "reason"), "step_timed_out");
    cr_expect_str_eq(shipment_field(refused, "status"), "refused");
    assert_balanced(stage.store, ids, COUNT_OF(ids));
}

static const char *command(const char *id, const char *type, int attempt)
{
    return text_format(
               stage.arena,
               "{\"commandId\":\"%s/%s\",\"orderId\":\"%s\",\"type\":\"%s\",\"attempt\":%d,\"order\":{\"orderId\":\"%s\",%s}}",
               id, type, id, type, attempt, id, REST("HOT", "1", "tok_visa", "IT"))
        .at;
}

static void see_dead(const struct record *record, void *context)
{
    struct text reason;

    if (text_equals(record->key, text_of(*(const char **)context)) && record_header(record, "dlq-reason", &reason))
        *(const char **)context = "seen";
}

Test(python_worker, repeated_commands_late_originals_and_rubbish, .init = set_up)
{
    const char *twice = unique("twice"), *late = unique("undone"), *dead = twice;
    const char *const to_twice[] = {"rubbish",
                                    "[]",
                                    "{\"orderId\":7}",
                                    command(twice, "fulfillment.ship", 1),
                                    command(twice, "fulfillment.ship", 2),
                                    command(twice, "fulfillment.cancel", 1)};
    const char *const to_late[] = {command(late, "fulfillment.cancel", 1), command(late, "fulfillment.ship", 1),
                                   command(late, "fulfillment.cancel", 2)};
    const struct seen *answers;

    start_worker();
    system_send_all("fulfillment.commands", twice, to_twice, COUNT_OF(to_twice));
    system_send_all("fulfillment.commands", late, to_late, COUNT_OF(to_late));
    answers = wait_for_answers(twice, 3);
    cr_expect_str_eq(outcomes_of(answers), "succeeded: succeeded: refused:already_shipped ");
    cr_expect_eq(other_numbers(answers), 0);
    answers = wait_for_answers(late, 3);
    cr_expect_str_eq(outcomes_of(answers), "succeeded: refused:already_cancelled succeeded: ");
    cr_expect_str_eq(shipment_field(late, "status"), "cancelled");
    read_topic("fulfillment.commands.dlq", see_dead, &dead);
    cr_expect_str_eq(dead, "seen");
}
