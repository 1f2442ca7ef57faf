#include "money.h"

#include <inttypes.h>

/* ISO 4217: decimals of the currencies that have not two. */
static int decimals_of(struct text currency)
{
    static const struct {
        const char *currency;
        int decimals;
    } others[] = {
        {"BHD", 3}, {"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3}, {"ISK", 0}, {"JOD", 3},
        {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"PYG", 0}, {"RWF", 0},
        {"TND", 3}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
    };

    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (text_equals(currency, text_of(others[i].currency)))
            return others[i].decimals;
    return 2;
}

struct text money_text(struct arena *arena, int64_t amount, struct text currency)
{
    int decimals = decimals_of(currency);
    int64_t unit = decimals == 3 ? 1000 : decimals == 2 ? 100 : 1;

    if (decimals == 0)
        return text_format(arena, "%" PRId64 " %.*s", amount, TEXT_ARG(currency));
    return text_format(arena, "%" PRId64 ".%0*" PRId64 " %.*s", amount / unit, decimals, amount % unit, TEXT_ARG(currency));
}
