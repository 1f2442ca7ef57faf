/* A batch in parts: only so many sagas are loaded at once, but those that are at hand, or come along, do not count. */
#include "parts.h"

#include <criterion/criterion.h>

#define GROUPS 100

static struct arena *arena;
static struct saga_cache *cache;
static struct batch batch;

static void set_up(void)
{
    arena = arena_create();
    cache = saga_cache_create();
    batch = batch_in(arena, cache, GROUPS);
}

static void tear_down(void)
{
    saga_cache_destroy(cache);
    arena_destroy(arena);
}

TestSuite(parts, .init = set_up, .fini = tear_down);

static struct text id_of(size_t number) { return text_format(arena, "ORD-%zu", number); }

/* Adds a record of each of GROUPS orders. */
static void add_all(struct text kind)
{
    static const struct record record;

    for (size_t i = 0; i < GROUPS; i++) {
        struct inbox_record *said = arena_take_zeroed(arena, 1, sizeof(*said));
        said->kind = kind;
        said->order_id = id_of(i);
        batch_add(&batch, &record, said);
    }
}

Test(parts, so_many_are_loaded_at_once_and_none_is_forgotten)
{
    size_t done = 0, parts = 0;

    add_all(TEXT("reply"));
    while (done < GROUPS) {
        struct batch part = batch_part(&batch, done);
        cr_assert_gt(part.group_count, 0);
        cr_expect_leq(part.group_count, PART_LOADS_MAX);
        cr_expect_eq(part.groups, batch.groups + done);
        done += part.group_count;
        parts++;
    }
    cr_expect_eq(done, GROUPS);
    cr_expect_eq(parts, (GROUPS + PART_LOADS_MAX - 1) / PART_LOADS_MAX);
    cr_expect_eq(batch_part(&batch, done).group_count, 0);
}

Test(parts, orders_are_one_part)
{
    add_all(TEXT("order"));
    cr_expect_eq(batch_part(&batch, 0).group_count, GROUPS);
}

Test(parts, sagas_of_the_cache_are_one_part)
{
    const struct text values[SAGA_FIELD_COUNT] = {{NULL, 0}};

    add_all(TEXT("reply"));
    for (size_t i = 0; i < GROUPS; i++) {
        struct saga saga = {.order_id = id_of(i), .version = 1, .status = SAGA_VALIDATING};
        cr_expect_not(saga_cache_has(cache, saga.order_id));
        saga_cache_keep(cache, &saga, values);
        cr_expect(saga_cache_has(cache, saga.order_id));
    }
    cr_expect_eq(batch_part(&batch, 0).group_count, GROUPS);
}
