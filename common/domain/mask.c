#include "mask.h"

#include "json_number.h"
#include "message.h"

/* Bytes are looked at as they stand in a message, escapes included: a digit may be written \u0034. What is masked keeps its
 * length ('*' for a digit, \u002a for an escaped one), so a copy of the message is changed in place and stays the JSON it was. */

#define ESCAPE_LENGTH 6 /* of \u0034 */

enum unit_kind { UNIT_OTHER, UNIT_DIGIT, UNIT_SEPARATOR };

/* One character of a text. */
struct unit {
    enum unit_kind kind;
    unsigned digit;
    ptrdiff_t length; /* bytes it is written with */
};

/* Spaces and dashes, those of typography too: a number copied from a web page has them. */
static bool is_separator(unsigned code)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {/* in rising order */
                  {'\t', '\r'},     {' ', ' '},       {'-', '-'},       {0xA0, 0xA0},     {0x2000, 0x2015},
                  {0x202F, 0x202F}, {0x2060, 0x2060}, {0x2212, 0x2212}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

    for (size_t i = 0; i < COUNT_OF(ranges) && code >= ranges[i].first; i++)
        if (code <= ranges[i].last)
            return true;
    return false;
}

static struct unit unit_of(unsigned code, ptrdiff_t length)
{
    if (code >= '0' && code <= '9')
        return (struct unit){UNIT_DIGIT, code - '0', length};
    return (struct unit){is_separator(code) ? UNIT_SEPARATOR : UNIT_OTHER, 0, length};
}

/* The number of a \uXXXX at at; false when it is none. */
static bool code_read(const char *at, const char *end, unsigned *out_code)
{
    unsigned code = 0;

    if (end - at < ESCAPE_LENGTH || at[1] != 'u')
        return false;
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        const char digit = at[i], letter = (char)(digit | 0x20);
        if (!(digit >= '0' && digit <= '9') && !(letter >= 'a' && letter <= 'f'))
            return false;
        code = code * 16 + (unsigned)(digit <= '9' ? digit - '0' : letter - 'a' + 10);
    }
    *out_code = code;
    return true;
}

static struct unit escape_read(const char *at, const char *end)
{
    const char letter = end - at < 2 ? '\0' : at[1];
    unsigned code;

    if (code_read(at, end, &code))
        return unit_of(code, ESCAPE_LENGTH);
    if (letter == 'n' || letter == 'r' || letter == 't' || letter == 'f')
        return (struct unit){UNIT_SEPARATOR, 0, 2};
    return (struct unit){UNIT_OTHER, 0, letter == '\\' ? 2 : 1};
}

/* A character outside ASCII, as far as it may be a separator: two bytes or three. Bytes that are no UTF-8 are no separators. */
static struct unit wide_read(const char *at, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)at;

    if (bytes[0] == 0xC2 && end - at >= 2)
        return unit_of(bytes[1], 2);
    if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF && end - at >= 3)
        return unit_of((bytes[0] & 0xFu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu), 3);
    return (struct unit){UNIT_OTHER, 0, 1};
}

static inline struct unit unit_read(const char *at, const char *end)
{
    if (*at == '\\')
        return escape_read(at, end);
    return (unsigned char)*at < 0x80 ? unit_of((unsigned char)*at, 1) : wide_read(at, end);
}

/* What follows the group of digits at at. */
static const char *skip_digits(const char *at, const char *end)
{
    struct unit unit;

    while (at < end && (unit = unit_read(at, end)).kind == UNIT_DIGIT)
        at += unit.length;
    return at;
}

/* The next digit, or end. */
static const char *find_digit(const char *at, const char *end)
{
    struct unit unit;

    while (at < end && (unit = unit_read(at, end)).kind != UNIT_DIGIT)
        at += unit.length;
    return at;
}

/* The end of the longest card number that begins with the group of digits at at, or NULL. It ends with a group too: so
 * "4111 1111 1111 1111 123" is found for all that follows the number, and 30 digits in one go are no card number. */
static const char *card_end(const char *at, const char *end)
{
    unsigned count = 0, sums[2] = {0, 0}; /* Luhn sums with the even, and with the odd, digits doubled */
    const char *found = NULL;

    while (at < end) {
        const struct unit unit = unit_read(at, end);
        if (unit.kind == UNIT_OTHER)
            break;
        at += unit.length;
        if (unit.kind == UNIT_SEPARATOR)
            continue;
        if (++count > CARD_DIGITS_MAX)
            break;
        sums[count % 2] += unit.digit;
        sums[1 - count % 2] += unit.digit < 5 ? 2 * unit.digit : 2 * unit.digit - 9;
        const bool group_ends = at == end || unit_read(at, end).kind != UNIT_DIGIT;
        if (group_ends && count >= CARD_DIGITS_MIN && sums[count % 2] % 10 == 0)
            found = at;
    }
    return found;
}

/* Finds a card number in what is left of text, and takes its first group off it. Every group is tried as a beginning, 19 digits
 * far: the time grows with the length of the text only. */
static bool card_take(struct text *text, struct text *out_card)
{
    const char *at = text->at, *end = text->at + text->length;

    while ((at = find_digit(at, end)) < end) {
        const char *card = at, *found = card_end(card, end);
        at = skip_digits(at, end);
        if (found != NULL) {
            *text = (struct text){at, (size_t)(end - at)};
            *out_card = (struct text){card, (size_t)(found - card)};
            return true;
        }
    }
    return false;
}

/* A message while it is being masked. */
struct masking {
    struct arena *arena;
    struct text original;
    char *copy; /* NULL until there is something to mask */
};

/* The place in the copy of what stands in the original. */
static char *place_in_copy(struct masking *masking, const char *at)
{
    if (masking->copy == NULL) {
        masking->copy = arena_take(masking->arena, masking->original.length);
        memcpy(masking->copy, masking->original.at, masking->original.length);
    }
    return masking->copy + (at - masking->original.at);
}

/* Masks the digits of a card number of the original in the copy. */
static void mask_card(struct masking *masking, struct text card)
{
    const char *end = card.at + card.length;

    for (const char *at = card.at; at < end;) {
        const struct unit unit = unit_read(at, end);
        if (unit.kind == UNIT_DIGIT)
            memcpy(place_in_copy(masking, at), unit.length == 1 ? "*" : "\\u002a", (size_t)unit.length);
        at += unit.length;
    }
}

static void mask_text(struct masking *masking, struct text text)
{
    struct text card;

    while (text.length >= CARD_DIGITS_MIN && card_take(&text, &card))
        mask_card(masking, card);
}

static struct text masked_text(const struct masking *masking, bool *out_masked)
{
    *out_masked = masking->copy != NULL;
    return *out_masked ? (struct text){masking->copy, masking->original.length} : masking->original;
}

struct text mask_bytes(struct arena *arena, struct text bytes, bool *out_masked)
{
    struct masking masking = {.arena = arena, .original = bytes};

    mask_text(&masking, bytes);
    return masked_text(&masking, out_masked);
}

bool mask_finds_card(struct text text)
{
    struct text card;

    return text.length >= CARD_DIGITS_MIN && card_take(&text, &card);
}

/* ---- numbers ---- */

/* The whole part alone: what follows the point of a price or a place on earth is a card number too often by chance. */
static bool is_card(struct text raw)
{
    const struct json_number number = json_number_of(raw);
    char digits[CARD_DIGITS_MAX];
    size_t count = 0;

    if (text_is_there(number.far) || number.exponent < CARD_DIGITS_MIN || number.exponent > CARD_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < number.digits.length && (int64_t)count < number.exponent; i++)
        if (number.digits.at[i] != '.')
            digits[count++] = number.digits.at[i];
    while ((int64_t)count < number.exponent)
        digits[count++] = '0';
    return mask_finds_card((struct text){digits, count});
}

/* A card number has more than two bytes: there is room for the quotes. */
static void mask_number(struct masking *masking, struct text raw)
{
    if (!is_card(raw))
        return;
    char *place = place_in_copy(masking, raw.at);
    memset(place, '*', raw.length);
    place[0] = place[raw.length - 1] = '"';
}

/* ---- names of members ---- */

#define TELLING_LETTERS 6 /* so many letters at the end of a masked name tell it from other names */
#define LETTERS 26
_Static_assert(TELLING_LETTERS < CARD_DIGITS_MIN, "every name that is masked is longer");

/* The number that the letters of a name tell, when it is like those that are made here: stars, then letters. Else -1. */
static int64_t told_number(struct text name)
{
    const size_t stars = name.length - TELLING_LETTERS;
    int64_t number = 0;

    if (name.length < TELLING_LETTERS)
        return -1;
    for (size_t i = 0; i < stars; i++)
        if (name.at[i] != '*')
            return -1;
    for (size_t i = stars; i < name.length; i++) {
        if (name.at[i] < 'a' || name.at[i] > 'z')
            return -1;
        number = number * LETTERS + (name.at[i] - 'a');
    }
    return number;
}

static void write_told(char *place, size_t length, size_t number)
{
    memset(place, '*', length);
    for (size_t i = 1; i <= TELLING_LETTERS; i++) {
        place[length - i] = (char)('a' + number % LETTERS);
        number /= LETTERS;
    }
}

/* Each masked name becomes stars and a number in letters, which no other name of the object has: neither one that is masked nor
 * one that stays. There are always more numbers than names. */
static void mask_names_apart(struct masking *masking, const struct json *object)
{
    bool *taken = arena_take_zeroed(masking->arena, 2 * (size_t)object->count, sizeof(*taken));
    size_t number = 0;

    for (JSON_EACH_MEMBER(name, object)) {
        const int64_t told = told_number(json_string(masking->arena, name));
        if (told >= 0 && told < 2 * (int64_t)object->count)
            taken[told] = true;
    }
    for (JSON_EACH_MEMBER(name, object)) {
        const struct text inside = json_inside(name);
        if (!mask_finds_card(inside))
            continue;
        while (taken[number])
            number++;
        write_told(place_in_copy(masking, inside.at), inside.length, number++);
    }
}

/* Whether the name, which is masked in the copy, is now like another one of its object. */
static bool is_like_another(struct masking *masking, const struct json *object, const struct json *masked_name)
{
    const struct text inside = json_inside(masked_name);
    const struct text copied = {place_in_copy(masking, inside.at), inside.length};
    const struct text name = json_unescaped(masking->arena, copied);

    for (JSON_EACH_MEMBER(other, object))
        if (other != masked_name && json_string_is(other, name))
            return true;
    return false;
}

static void mask_names(struct masking *masking, const struct json *object)
{
    const struct json *masked_name = NULL;
    size_t count = 0;

    for (JSON_EACH_MEMBER(name, object))
        if (mask_finds_card(json_inside(name))) {
            masked_name = name;
            count++;
        }
    if (count == 1)
        mask_text(masking, json_inside(masked_name));
    if (count > 1 || (count == 1 && is_like_another(masking, object, masked_name)))
        mask_names_apart(masking, object);
}

/* ---- documents ---- */

/* Where in an order a value stands, as far as ids may be there. */
enum place { PLACE_TOP, PLACE_ITEMS, PLACE_ITEM, PLACE_ELSEWHERE };

/* Whether a member is an id. A value that breaks the rule of ids is none, whatever its name: it is rejected later, but masked
 * now. */
static bool is_id(struct arena *arena, enum place place, const struct json *name, const struct json *value)
{
    if (place == PLACE_TOP ? !json_string_is(name, TEXT("orderId")) && !json_string_is(name, TEXT("customerId")) &&
                                 !json_string_is(name, TEXT("warehouse"))
                           : place != PLACE_ITEM || !json_string_is(name, TEXT("productId")))
        return false;
    return id_is_good(json_string(arena, value));
}

static enum place place_inside(enum place place, const struct json *name)
{
    return place == PLACE_TOP && json_string_is(name, TEXT("items")) ? PLACE_ITEMS : PLACE_ELSEWHERE;
}

static void mask_value(struct masking *masking, const struct json *value, enum place place);

static void mask_array(struct masking *masking, const struct json *array, enum place place)
{
    for (JSON_EACH(element, array))
        mask_value(masking, element, place == PLACE_ITEMS ? PLACE_ITEM : PLACE_ELSEWHERE);
}

static void mask_object(struct masking *masking, const struct json *object, enum place place)
{
    mask_names(masking, object);
    for (JSON_EACH_MEMBER(name, object))
        if (!is_id(masking->arena, place, name, json_next(name)))
            mask_value(masking, json_next(name), place_inside(place, name));
}

/* Is called again for what is inside; json_read() has bounded the depth. */
static void mask_value(struct masking *masking, const struct json *value, enum place place)
{
    if (value->type == JSON_STRING)
        mask_text(masking, json_raw(value));
    else if (value->type == JSON_INTEGER || value->type == JSON_DECIMAL)
        mask_number(masking, json_raw(value));
    else if (value->type == JSON_ARRAY)
        mask_array(masking, value, place);
    else if (value->type == JSON_OBJECT)
        mask_object(masking, value, place);
}

struct text mask_json(struct arena *arena, const struct json *root, bool *out_masked)
{
    struct masking masking = {.arena = arena, .original = json_raw(root)};

    mask_value(&masking, root, PLACE_TOP);
    return masked_text(&masking, out_masked);
}
