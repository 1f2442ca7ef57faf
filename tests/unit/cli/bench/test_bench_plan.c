#include "bench_plan.h"

#include <criterion/criterion.h>

#define ORDERS 1000

static struct arena *arena;
static uint8_t endings[ORDERS];
static struct bench_plan plan;

static void set_up(void)
{
    arena = arena_create();
    memset(endings, BENCH_COMPLETED, sizeof(endings));
    plan = (struct bench_plan){.prefix = "BENCH-1-2-",
                               .order_count = ORDERS,
                               .items_low = 1,
                               .items_high = 1,
                               .product_count = 10,
                               .customer_count = 3,
                               .endings = endings};
}

static void tear_down(void) { arena_destroy(arena); }
TestSuite(bench_plan, .init = set_up, .fini = tear_down);

/* How many orders of a spread have this ending. */
static size_t count_of(const uint8_t spread[], size_t count, enum bench_ending ending)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += spread[i] == ending;
    return found;
}

Test(bench_plan, a_mix_is_spread_exactly_and_evenly)
{
    struct bench_mix mix;
    uint8_t spread[ORDERS];

    cr_assert(bench_mix_read("completed=95,rejected=2,declined=3", &mix));
    bench_mix_spread(&mix, spread, ORDERS);
    cr_expect_eq(count_of(spread, ORDERS, BENCH_COMPLETED), 950);
    cr_expect_eq(count_of(spread, ORDERS, BENCH_REJECTED), 20);
    cr_expect_eq(count_of(spread, ORDERS, BENCH_DECLINED), 30);
    for (size_t hundred = 0; hundred < ORDERS; hundred += 100)
        cr_expect_eq(count_of(spread + hundred, 100, BENCH_COMPLETED), 95);
}

Test(bench_plan, refused_is_every_refusal_in_equal_parts)
{
    struct bench_mix mix;
    uint8_t spread[ORDERS];

    cr_assert(bench_mix_read("refused=1", &mix));
    bench_mix_spread(&mix, spread, 999);
    cr_expect_eq(count_of(spread, 999, BENCH_DECLINED), 333);
    cr_expect_eq(count_of(spread, 999, BENCH_OUT_OF_STOCK), 333);
    cr_expect_eq(count_of(spread, 999, BENCH_UNSHIPPABLE), 333);
    cr_assert(bench_mix_read("completed=95,refused=5", &mix));
    bench_mix_spread(&mix, spread, 600);
    cr_expect_eq(count_of(spread, 600, BENCH_COMPLETED), 570);
    cr_expect_eq(count_of(spread, 600, BENCH_DECLINED), 10);
}

Test(bench_plan, a_mix_that_makes_no_sense_is_refused)
{
    static const char *const words[] = {"",
                                        "completed",
                                        "completed=",
                                        "completed=1,",
                                        ",completed=1",
                                        "happy=1",
                                        "completed=-1",
                                        "completed=1.5",
                                        "completed=1,completed=1",
                                        "refused=1,refused=1",
                                        "completed=0",
                                        "completed=1000001",
                                        "=1"};
    struct bench_mix mix = {{[BENCH_REJECTED] = 7}};

    for (size_t i = 0; i < COUNT_OF(words); i++)
        cr_expect_not(bench_mix_read(words[i], &mix), "'%s'", words[i]);
    cr_expect_eq(mix.weights[BENCH_REJECTED], 7);
    cr_expect(bench_mix_read("completed=1,refused=0", &mix));
}

Test(bench_plan, every_order_is_one_that_the_validator_lets_pass_but_the_rejected)
{
    struct order order;

    for (int ending = 0; ending < BENCH_ENDING_COUNT; ending++) {
        endings[7] = (uint8_t)ending;
        cr_expect_eq(order_read(arena, bench_order(arena, &plan, 7), &order),
                     ending == BENCH_REJECTED ? STATUS_BAD_MESSAGE : STATUS_OK, "%s", bench_ending_name(ending));
    }
}

Test(bench_plan, the_order_says_how_it_is_to_end)
{
    struct order order;

    endings[0] = BENCH_DECLINED;
    cr_assert_eq(order_read(arena, bench_order(arena, &plan, 0), &order), STATUS_OK);
    cr_expect(text_begins(order.payment_method, TEXT("tok_decline")));
    endings[0] = BENCH_UNSHIPPABLE;
    cr_assert_eq(order_read(arena, bench_order(arena, &plan, 0), &order), STATUS_OK);
    cr_expect(text_equals(order.country, TEXT("AQ")));
    endings[0] = BENCH_OUT_OF_STOCK;
    plan.items_low = plan.items_high = 3;
    cr_assert_eq(order_read(arena, bench_order(arena, &plan, 0), &order), STATUS_OK);
    cr_expect_eq(order.line_count, 3);
    cr_expect(text_equals(order.lines[2].product_id, TEXT(BENCH_NO_STOCK_PRODUCT)));
}

Test(bench_plan, lines_are_as_many_as_asked_for_and_products_all_that_there_are)
{
    bool seen[10] = {false};
    size_t lines[6] = {0}, products = 0;
    struct order order;

    plan.items_high = 5;
    for (size_t number = 0; number < ORDERS; number++) {
        cr_assert_eq(order_read(arena, bench_order(arena, &plan, number), &order), STATUS_OK);
        cr_assert_leq(order.line_count, 5);
        lines[order.line_count]++;
        for (int64_t product = 0; product < 10; product++)
            if (text_equals(order.lines[0].product_id, bench_product_id(arena, product)))
                seen[product] = true;
    }
    for (size_t i = 1; i <= 5; i++)
        cr_expect_eq(lines[i], 200);
    for (size_t i = 0; i < 10; i++)
        products += seen[i];
    cr_expect_eq(products, 10);
}

Test(bench_plan, one_product_is_everybodys)
{
    struct order order;

    plan.product_count = 1;
    for (size_t number = 0; number < 10; number++) {
        cr_assert_eq(order_read(arena, bench_order(arena, &plan, number), &order), STATUS_OK);
        cr_expect(text_equals(order.lines[0].product_id, TEXT("BENCH-00001")));
    }
}

Test(bench_plan, an_order_is_found_by_the_number_in_its_id)
{
    static const char *const others[] = {
        "BENCH-1-2-", "BENCH-1-2-0001000", "BENCH-1-2--0000001", "BENCH-1-2-00000x1", "BENCH-1-3-0000001", "ORD-1", ""};
    size_t number = 77;

    for (size_t i = 0; i < COUNT_OF(others); i++)
        cr_expect_not(bench_order_number(&plan, text_of(others[i]), &number), "%s", others[i]);
    cr_expect_not(bench_order_number(&plan, TEXT_NONE, &number));
    cr_expect_eq(number, 77);
    for (size_t i = 0; i < ORDERS; i++)
        cr_expect(bench_order_number(&plan, bench_order_id(arena, &plan, i), &number) && number == i);
}

Test(bench_plan, endings_are_known_by_status_and_reason)
{
    for (int ending = 0; ending < BENCH_ENDING_COUNT; ending++)
        cr_expect_eq((int)bench_ending_of(text_of(bench_ending_status(ending)), text_of(bench_ending_reason(ending))), ending);
    cr_expect_eq(bench_ending_of(TEXT("completed"), TEXT_NONE), BENCH_COMPLETED);
    cr_expect_eq(bench_ending_of(TEXT("failed"), TEXT("step_timed_out")), BENCH_ENDING_COUNT);
    cr_expect_eq(bench_ending_of(TEXT("cancelled"), TEXT("payment_declined")), BENCH_ENDING_COUNT);
}
