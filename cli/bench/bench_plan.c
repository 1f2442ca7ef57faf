#include "bench_plan.h"

#include <stdlib.h>

#define REFUSED "refused" /* the three ways in which a worker behind the validator says no */
#define REFUSED_PARTS 3
#define NUMBER_FORM "%07zu" /* so that every order has the same size */

static const struct {
    const char *name, *status, *reason;
} endings[BENCH_ENDING_COUNT] = {
#define BENCH_ENDING_ROW(ending, name, status, reason) [BENCH_##ending] = {name, status, reason},
    BENCH_ENDING_TABLE(BENCH_ENDING_ROW)
#undef BENCH_ENDING_ROW
};

const char *bench_ending_name(enum bench_ending ending) { return endings[ending].name; }

const char *bench_ending_status(enum bench_ending ending) { return endings[ending].status; }

const char *bench_ending_reason(enum bench_ending ending) { return endings[ending].reason; }

enum bench_ending bench_ending_of(struct text status, struct text reason)
{
    enum bench_ending ending = 0;

    while (ending < BENCH_ENDING_COUNT &&
           !(text_equals(status, text_of(endings[ending].status)) && text_equals(reason, text_of(endings[ending].reason))))
        ending++;
    return ending;
}

/* ---- the mix ---- */

/* Adds the weight to what the name stands for. False: it is no name, or was there before. */
static bool add_weight(struct bench_mix *mix, struct text name, unsigned weight, bool seen[BENCH_ENDING_COUNT + 1])
{
    bool is_refused = text_equals(name, TEXT(REFUSED));
    enum bench_ending ending = 0;

    while (ending < BENCH_ENDING_COUNT && !text_equals(name, text_of(endings[ending].name)))
        ending++;
    if (seen[ending] || (ending == BENCH_ENDING_COUNT && !is_refused))
        return false;
    seen[ending] = true;
    if (is_refused)
        for (ending = BENCH_DECLINED; ending <= BENCH_UNSHIPPABLE; ending++)
            mix->weights[ending] += weight;
    else
        mix->weights[ending] += weight * REFUSED_PARTS;
    return true;
}

bool bench_mix_read(const char *word, struct bench_mix *out_mix)
{
    struct bench_mix mix = {{0}};
    bool seen[BENCH_ENDING_COUNT + 1] = {false};
    unsigned sum = 0;

    for (const char *at = word; at != NULL; at = *at == ',' ? at + 1 : NULL) {
        size_t name_length = strcspn(at, "=,");
        const char *number = at + name_length + (at[name_length] == '=');
        size_t number_length = strcspn(number, ",");
        int64_t weight;
        if (!text_to_number_between((struct text){number, number_length}, 0, BENCH_WEIGHT_MAX, &weight) ||
            !add_weight(&mix, (struct text){at, name_length}, (unsigned)weight, seen))
            return false;
        sum += (unsigned)weight;
        at = number + number_length;
    }
    if (sum > 0)
        *out_mix = mix;
    return sum > 0;
}

/* Every order adds each weight to its ending's credit; the ending with the most credit pays the sum and has the order. */
void bench_mix_spread(const struct bench_mix *mix, uint8_t out_endings[], size_t count)
{
    int64_t credits[BENCH_ENDING_COUNT] = {0}, sum = 0;

    for (int i = 0; i < BENCH_ENDING_COUNT; i++)
        sum += mix->weights[i];
    for (size_t number = 0; number < count; number++) {
        int most = 0;
        for (int i = 0; i < BENCH_ENDING_COUNT; i++) {
            credits[i] += mix->weights[i];
            if (credits[i] > credits[most])
                most = i;
        }
        credits[most] -= sum;
        out_endings[number] = (uint8_t)most;
    }
}

/* ---- orders ---- */

struct text bench_product_id(struct arena *arena, int64_t product)
{
    return text_format(arena, "BENCH-%05lld", (long long)product + 1);
}

struct text bench_order_id(struct arena *arena, const struct bench_plan *plan, size_t number)
{
    return text_format(arena, "%s" NUMBER_FORM, plan->prefix, number);
}

bool bench_order_number(const struct bench_plan *plan, struct text order_id, size_t *out_number)
{
    struct text prefix = text_of(plan->prefix);
    int64_t number;

    if (!text_begins(order_id, prefix) ||
        !text_to_number((struct text){order_id.at + prefix.length, order_id.length - prefix.length}, &number) || number < 0 ||
        (size_t)number >= plan->order_count)
        return false;
    *out_number = (size_t)number;
    return true;
}

/* Scatters neighbouring numbers over the products, the same in every run. */
static int64_t first_product(const struct bench_plan *plan, size_t number)
{
    return (int64_t)((number * UINT64_C(0x9e3779b97f4a7c15) >> 32) % (uint64_t)plan->product_count);
}

/* Of an order that is to find too little in stock all lines but the last could be allocated: none of them may be. */
static void add_items(struct buffer *buffer, const struct bench_plan *plan, size_t number)
{
    int64_t count = plan->items_low + (int64_t)(number % (size_t)(plan->items_high - plan->items_low + 1));
    int64_t first = first_product(plan, number);

    for (int64_t i = 0; i < count; i++) {
        bool is_missing = i == count - 1 && plan->endings[number] == BENCH_OUT_OF_STOCK;
        struct text id = bench_product_id(buffer->arena, (first + i) % plan->product_count);
        buffer_add(buffer, i == 0 ? TEXT("{\"productId\":\"") : TEXT(",{\"productId\":\""));
        buffer_add(buffer, is_missing ? TEXT(BENCH_NO_STOCK_PRODUCT) : id);
        buffer_add(buffer, TEXT("\",\"quantity\":1}"));
    }
}

struct text bench_order(struct arena *arena, const struct bench_plan *plan, size_t number)
{
    const enum bench_ending ending = plan->endings[number];
    struct buffer buffer = buffer_in(arena, 512);

    buffer_add_format(&buffer, "{\"orderId\":\"%s" NUMBER_FORM "\",\"customerId\":\"%s-%lld\",\"items\":[", plan->prefix, number,
                      ending == BENCH_REJECTED ? "no customer" : "C", (long long)(number % (size_t)plan->customer_count) + 1);
    add_items(&buffer, plan, number);
    buffer_add_format(&buffer,
                      "],\"paymentMethod\":\"%s\",\"shipTo\":{\"name\":\"Ada\",\"line1\":\"1 Main St\",\"city\":\"Turin\","
                      "\"postalCode\":\"10121\",\"country\":\"%s\"}}",
                      ending == BENCH_DECLINED ? "tok_decline" : "tok_visa", ending == BENCH_UNSHIPPABLE ? "AQ" : "IT");
    return buffer_text(&buffer);
}
