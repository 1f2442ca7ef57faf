#include "json_number.h"

static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/* Where the exponent is written, or end. */
static const char *find_exponent(const char *at, const char *end)
{
    while (at < end && *at != 'e' && *at != 'E')
        at++;
    return at;
}

/* The digits without the zeros around them; none of a zero. */
static struct text digits_of(const char *at, const char *end)
{
    while (at < end && !(is_digit(*at) && *at != '0'))
        at++;
    while (end > at && !(is_digit(end[-1]) && end[-1] != '0'))
        end--;
    return (struct text){at, (size_t)(end - at)};
}

/* "e+017", from the letter on. */
static void add_exponent(struct json_number *number, const char *at, const char *end)
{
    int64_t exponent = 0;
    const bool negative = ++at < end && *at == '-';

    while (at < end && (*at == '0' || !is_digit(*at)))
        at++;
    const struct text digits = {at, (size_t)(end - at)};
    if (digits.length >= JSON_EXPONENT_DIGITS) {
        number->far = digits;
        number->far_negative = negative;
    } else if (text_to_number(digits, &exponent)) { /* not when there are only zeros */
        number->exponent += negative ? -exponent : exponent;
    }
}

struct json_number json_number_of(struct text text)
{
    const char *end = text.at + text.length, *mantissa_end = find_exponent(text.at, end);
    struct json_number number = {.digits = digits_of(text.at, mantissa_end), .negative = text_begins(text, TEXT("-"))};

    if (number.digits.length == 0)
        return (struct json_number){.digits = TEXT("")};
    const char *first = number.digits.at, *point = memchr(text.at, '.', (size_t)(mantissa_end - text.at));
    if (point == NULL)
        point = mantissa_end;
    number.exponent = first < point ? point - first : point + 1 - first;
    if (mantissa_end < end)
        add_exponent(&number, mantissa_end, end);
    return number;
}

/* Points are passed over: where they stand follows from the exponents. */
static bool digits_are_same(struct text a, struct text b)
{
    const char *at = a.at, *end = a.at + a.length, *other = b.at, *other_end = b.at + b.length;

    while (at < end && other < other_end) {
        if (*at == '.') {
            at++;
        } else if (*other == '.') {
            other++;
        } else if (*at++ != *other++) {
            return false;
        }
    }
    return at == end && other == other_end;
}

bool json_number_same(const struct json_number *a, const struct json_number *b)
{
    return a->negative == b->negative && a->exponent == b->exponent && a->far_negative == b->far_negative &&
           text_equals(a->far, b->far) && digits_are_same(a->digits, b->digits);
}
