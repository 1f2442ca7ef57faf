/* The scripts of payment and fulfillment against a real Redis: effects once, undo of what never was, late originals. */
#include "charge.h"
#include "redis_process.h"
#include "shipment.h"

#include <criterion/criterion.h>

static struct redis_process *redis;
static struct store *store;
static struct arena *arena;

static void set_up(void)
{
    static const struct store_script *const scripts[] = {&authorize_script, &capture_script, &void_script, &ship_script,
                                                         &cancel_script};

    redis = redis_process_start(NULL);
    arena = arena_create();
    cr_assert_eq(store_open(redis_process_url(redis), 2, scripts, COUNT_OF(scripts), &store), STATUS_OK);
}

static void tear_down(void)
{
    store_close(store);
    arena_destroy(arena);
    redis_process_stop(redis);
}

TestSuite(effects, .init = set_up, .fini = tear_down);

/* What the command queued last was answered. */
static const char *answer(size_t number)
{
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
    const struct store_value *value = store_value(store, number);
    cr_assert_eq(store_error(value).length, 0, "%.*s", TEXT_ARG(store_error(value)));
    return text_copy(arena, store_text(store_count(value) > 0 ? store_element(value, 0) : value)).at;
}

/* The steps of a story by their names; each answers with a word. */
static const char *act(const char *step)
{
    struct text id = TEXT("O-1");
    struct charge good = {id, TEXT("authorized"), 3998, TEXT("USD"), TEXT("auth_1"), TEXT("authorized"), TEXT("too late")};
    struct charge bad = {id, TEXT("declined"), 3998, TEXT("USD"), TEXT_NONE, TEXT("declined"), TEXT("too late")};
    struct shipment goes = {id, TEXT("shipped"), TEXT("T-1"), TEXT("goes"), TEXT("too late")};
    struct shipment stays = {id, TEXT("refused"), TEXT_NONE, TEXT("stays"), TEXT("too late")};

    store_begin(store);
    if (strcmp(step, "authorize") == 0)
        return answer(charge_queue_authorize(store, arena, &good));
    if (strcmp(step, "decline") == 0)
        return answer(charge_queue_authorize(store, arena, &bad));
    if (strcmp(step, "capture") == 0)
        return answer(charge_queue_capture(store, arena, id, TEXT("captured"), TEXT("nothing to capture")));
    if (strcmp(step, "void") == 0)
        return answer(charge_queue_void(store, arena, id, TEXT("voided"), TEXT("captured already")));
    if (strcmp(step, "ship") == 0)
        return answer(shipment_queue_ship(store, arena, &goes));
    if (strcmp(step, "refuse") == 0)
        return answer(shipment_queue_ship(store, arena, &stays));
    return answer(shipment_queue_cancel(store, arena, id, TEXT("cancelled")));
}

static const char *status_of(const char *key)
{
    store_begin(store);
    return answer(store_queue(store, text_of(key), (struct text[]){TEXT("HGET"), text_of(key), TEXT("status")}, 3));
}

/* The workers count redeliveries by it. */
Test(effects, a_stored_outcome_comes_as_a_status_and_a_new_one_as_a_string)
{
    static const char *const steps[] = {"authorize", "capture", "ship", "authorize", "capture", "ship"};

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        act(steps[i]);
        cr_expect_eq(store_is_status(store_value(store, 0)), i >= COUNT_OF(steps) / 2, "%zu: %s", i, steps[i]);
    }
    store_begin(store);
    answer(store_queue(store, TEXT("x"), (struct text[]){TEXT("FLUSHALL")}, 1));
    for (int again = 0; again < 2; again++) {
        act("void");
        cr_expect_eq(store_is_status(store_value(store, 0)), again == 1);
        act("cancel");
        cr_expect_eq(store_is_status(store_value(store, 0)), again == 1);
        act("authorize");
        cr_expect_not(store_is_status(store_value(store, 0)), "it came too late, and was not stored");
    }
}

#define STEPS_MAX 5

static const struct {
    const char *steps[STEPS_MAX], *answers[STEPS_MAX];
    const char *payment, *shipment;
} stories[] = {
    {{"authorize", "authorize"}, {"authorized", "authorized"}, "authorized", NULL},
    {{"authorize", "decline"}, {"authorized", "authorized"}, "authorized", NULL}, /* the first time holds */
    {{"decline", "authorize"}, {"declined", "declined"}, "declined", NULL},
    {{"authorize", "capture", "capture"}, {"authorized", "captured", "captured"}, "captured", NULL},
    {{"authorize", "void", "void"}, {"authorized", "voided", "voided"}, "voided", NULL},
    {{"void", "authorize"}, {"voided", "too late"}, "voided", NULL},
    {{"authorize", "void", "authorize"}, {"authorized", "voided", "authorized"}, "voided", NULL},
    {{"decline", "void"}, {"declined", "voided"}, "declined", NULL},
    {{"capture"}, {"nothing to capture"}, NULL, NULL},
    {{"capture", "authorize", "capture"},
     {"nothing to capture", "authorized", "captured"},
     "captured",
     NULL}, /* not remembered */
    {{"authorize", "void", "capture"}, {"authorized", "voided", "nothing to capture"}, "voided", NULL},
    {{"authorize", "capture", "void"}, {"authorized", "captured", "captured already"}, "captured", NULL},
    {{"ship", "ship"}, {"goes", "goes"}, NULL, "shipped"},
    {{"refuse", "ship"}, {"stays", "stays"}, NULL, "refused"},
    {{"cancel", "ship"}, {"cancelled", "too late"}, NULL, "cancelled"},
    {{"ship", "cancel", "cancel"}, {"goes", "shipped", "shipped"}, NULL, "shipped"},
    {{"refuse", "cancel"}, {"stays", "cancelled"}, NULL, "refused"},
};

Test(effects, every_story)
{
    for (size_t i = 0; i < COUNT_OF(stories); i++) {
        store_begin(store);
        answer(store_queue(store, TEXT("x"), (struct text[]){TEXT("FLUSHALL")}, 1));
        for (size_t j = 0; j < STEPS_MAX && stories[i].steps[j] != NULL; j++)
            cr_expect_str_eq(act(stories[i].steps[j]), stories[i].answers[j], "story %zu, step %zu", i, j);
        if (stories[i].payment != NULL)
            cr_expect_str_eq(status_of("payment:O-1"), stories[i].payment, "story %zu", i);
        if (stories[i].shipment != NULL)
            cr_expect_str_eq(status_of("shipment:O-1"), stories[i].shipment, "story %zu", i);
    }
}

/* ---- many in one call ---- */

#define ORDERS 70 /* more than one call takes, on either connection or on both together */
#define WRONG 7   /* the key of this one is no hash */

static const char *const verbs[] = {"authorize", "capture", "void", "ship", "cancel"};
enum { AUTHORIZE, CAPTURE, VOID, SHIP, CANCEL };

static size_t queue_verb(int verb, struct text id)
{
    struct charge charge = {id, TEXT("authorized"), 3998, TEXT("USD"), TEXT("auth_1"), TEXT("done"), TEXT("too late")};
    struct shipment shipment = {id, TEXT("shipped"), TEXT("T-1"), TEXT("done"), TEXT("too late")};

    switch (verb) {
    case AUTHORIZE:
        return charge_queue_authorize(store, arena, &charge);
    case CAPTURE:
        return charge_queue_capture(store, arena, id, TEXT("done"), TEXT("nothing to capture"));
    case VOID:
        return charge_queue_void(store, arena, id, TEXT("done"), TEXT("captured already"));
    case SHIP:
        return shipment_queue_ship(store, arena, &shipment);
    default:
        return shipment_queue_cancel(store, arena, id, TEXT("done"));
    }
}

/* Every order twice, one behind the other: the second finds what the first has stored in the same call. */
static void queue_twice(int verb)
{
    store_begin(store);
    for (int i = 0; i < ORDERS; i++) {
        struct text id = text_format(arena, "O-%d", i);

        queue_verb(verb, id);
        queue_verb(verb, id);
    }
    cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
}

static void expect_twice(int verb)
{
    for (size_t i = 0; i < 2 * ORDERS; i++) {
        const struct store_value *value = store_value(store, i);

        if (i / 2 == WRONG) {
            cr_expect(text_begins(store_error(value), TEXT("WRONGTYPE")), "%s", verbs[verb]);
            continue;
        }
        cr_expect(text_equals(store_text(value), TEXT("done")), "%s %zu: %.*s", verbs[verb], i, TEXT_ARG(store_text(value)));
        cr_expect_eq(store_is_status(value), i % 2 == 1, "%s %zu", verbs[verb], i);
    }
}

Test(effects, many_in_one_call_and_one_of_them_broken)
{
    static const struct {
        int before, verb;
    } cases[] = {{-1, AUTHORIZE}, {AUTHORIZE, CAPTURE}, {AUTHORIZE, VOID}, {-1, VOID}, {-1, SHIP}, {-1, CANCEL}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        store_begin(store);
        store_queue(store, TEXT("x"), (struct text[]){TEXT("FLUSHALL")}, 1);
        for (int key = 0; key < 2; key++)
            store_queue(
                store, TEXT("x"),
                (struct text[]){TEXT("SET"), text_format(arena, key == 0 ? "payment:O-%d" : "shipment:O-%d", WRONG), TEXT("x")},
                3);
        cr_assert_eq(store_flush(store), STATUS_OK, "%s", store_problem(store));
        if (cases[i].before >= 0)
            queue_twice(cases[i].before);
        queue_twice(cases[i].verb);
        expect_twice(cases[i].verb);
    }
}
