#include "arena.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static struct arena *arena;

static void set_up(void) { arena = arena_create(); }
static void tear_down(void) { arena_destroy(arena); }
TestSuite(arena, .init = set_up, .fini = tear_down);

Test(arena, what_is_taken_is_aligned_for_any_type)
{
    for (size_t size = 0; size < 200; size++)
        cr_expect_eq((uintptr_t)arena_take(arena, size) % alignof(max_align_t), 0, "%zu bytes", size);
}

Test(arena, nothing_is_something_too)
{
    cr_expect_not_null(arena_take(arena, 0));
    cr_expect_not_null(arena_take_zeroed(arena, 0, 100));
    cr_expect_not_null(arena_take_zeroed(arena, 100, 0));
}

/* Sizes around the alignment, a chunk, and far above one. */
static const size_t sizes[] = {
    1, 15, 16, 17, 4095, ARENA_CHUNK_SIZE - 1, ARENA_CHUNK_SIZE, ARENA_CHUNK_SIZE + 1, 3, 5 * ARENA_CHUNK_SIZE, 7};

Test(arena, everything_taken_keeps_its_bytes_until_the_reset)
{
    enum { ROUNDS = 50 };
    unsigned char *taken[ROUNDS][COUNT_OF(sizes)];

    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            taken[round][i] = arena_take(arena, sizes[i]);
            memset(taken[round][i], (int)(round * COUNT_OF(sizes) + i) & 0xFF, sizes[i]);
        }
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            for (size_t byte = 0; byte < sizes[i]; byte += byte < 64 ? 1 : sizes[i] - byte > 64 ? 61 : 1)
                cr_assert_eq(taken[round][i][byte], (round * COUNT_OF(sizes) + i) & 0xFF, "round %zu, %zu bytes, byte %zu", round,
                             sizes[i], byte);
}

Test(arena, zeroed_means_zeroed_also_where_others_wrote_before)
{
    memset(arena_take(arena, ARENA_CHUNK_SIZE), 0xAA, ARENA_CHUNK_SIZE);
    arena_reset(arena);

    const unsigned char *bytes = arena_take_zeroed(arena, 1000, 17);
    for (size_t i = 0; i < 17000; i++)
        cr_assert_eq(bytes[i], 0, "byte %zu", i);
}

Test(arena, a_list_keeps_what_is_in_it_while_it_grows)
{
    int *list = NULL;

    for (int count = 0; count < 1000; count++) {
        list = arena_list_room(arena, list, (size_t)count, sizeof(*list));
        list[count] = count;
        for (int i = 0; i <= count; i++)
            cr_assert_eq(list[i], i, "%d of %d", i, count);
    }
}

Test(arena, a_reset_arena_uses_the_same_memory_again)
{
    const void *first = arena_take(arena, 100);

    arena_reset(arena);
    cr_expect_eq(arena_take(arena, 100), first);
}

Test(arena, resetting_an_empty_arena_is_fine)
{
    arena_reset(arena);
    arena_reset(arena);
    cr_expect_not_null(arena_take(arena, 1));
}

Test(arena, a_rewind_releases_only_what_was_taken_since)
{
    const struct arena_mark start = arena_mark(arena);
    char *kept = arena_take(arena, 100);
    memset(kept, 'k', 100);
    const struct arena_mark mark = arena_mark(arena);
    char *first = arena_take(arena, 50);

    arena_take(arena, 2 * ARENA_CHUNK_SIZE);
    for (int i = 0; i < 100; i++)
        memset(arena_take(arena, 3000), 'x', 3000);
    arena_rewind(arena, mark);
    cr_expect_eq(kept[99], 'k');
    cr_expect_eq((char *)arena_take(arena, 50), first);
    arena_rewind(arena, start);
    memset(arena_take(arena, 1000), 'y', 1000);
}

Test(arena, destroying_nothing_is_fine) { arena_destroy(NULL); }

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_IS_COUNTED 0 /* mallinfo2() says nothing there */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_IS_COUNTED 0
#endif
#endif
#ifndef MEMORY_IS_COUNTED
#define MEMORY_IS_COUNTED 1
#endif

static size_t held_bytes(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

Test(arena, a_huge_batch_is_not_held_for_ever, .disabled = !MEMORY_IS_COUNTED)
{
    const size_t before = held_bytes();

    for (size_t i = 0; i < 1000; i++)
        memset(arena_take(arena, ARENA_CHUNK_SIZE / 2 - 64), 1, 100);
    arena_take(arena, 100 * ARENA_CHUNK_SIZE);
    cr_expect_gt(held_bytes() - before, 2 * ARENA_KEEP_MAX);
    arena_reset(arena);
    cr_expect_leq(held_bytes() - before, ARENA_KEEP_MAX + ARENA_KEEP_MAX / 10);
}

Test(arena, batches_one_after_another_need_no_more_memory, .disabled = !MEMORY_IS_COUNTED)
{
    size_t after_first = 0;

    for (size_t batch = 0; batch < 100; batch++) {
        for (size_t i = 0; i < 500; i++)
            arena_take(arena, 1000);
        arena_reset(arena);
        if (batch == 0)
            after_first = held_bytes();
    }
    cr_expect_eq(held_bytes(), after_first);
}

Test(arena, a_size_that_cannot_be_ends_the_process, .signal = SIGABRT) { arena_take(arena, SIZE_MAX - 8); }

Test(arena, a_product_that_overflows_ends_the_process, .signal = SIGABRT) { arena_take_zeroed(arena, SIZE_MAX / 4, 8); }

#ifdef ARENA_IS_WATCHED
static bool is_poisoned(const char *at, size_t size) { return __asan_region_is_poisoned((void *)(uintptr_t)at, size) != NULL; }

Test(arena, what_was_given_back_is_poisoned)
{
    char *kept = arena_take(arena, 100);
    struct arena_mark mark = arena_mark(arena);
    char *rewound = arena_take(arena, 100), *large = arena_take(arena, 2 * ARENA_CHUNK_SIZE), *last = arena_take(arena, 5);

    cr_expect_not(is_poisoned(rewound, 100) || is_poisoned(large, 2 * ARENA_CHUNK_SIZE) || is_poisoned(last, 5));
    cr_expect(is_poisoned(last + 5, 1), "what is behind the end of what was taken");
    arena_rewind(arena, mark);
    cr_expect(is_poisoned(rewound, 1));
    cr_expect_not(is_poisoned(kept, 100));
    arena_reset(arena);
    cr_expect(is_poisoned(kept, 1));
    cr_expect_eq(arena_take(arena, 100), kept);
    cr_expect_not(is_poisoned(kept, 100));
}
#endif
