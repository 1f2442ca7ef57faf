#include "shown.h"

/* Whether a character would rule the terminal, or turn the direction of the text around it. */
static bool is_deceptive(uint32_t code)
{
    return code == 0x7f || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* The form of a UTF-8 character: which bits of its first byte mark it, and the least code it may stand for. */
static const struct form {
    unsigned char mask, mark;
    uint32_t least;
} forms[] = {{0x80, 0x00, 0x20}, {0xe0, 0xc0, 0xa0}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
#define CODE_BAD UINT32_MAX

/* The code that length bytes stand for; CODE_BAD when one of them does not go on with a character. */
static uint32_t code_of(const unsigned char *at, size_t length)
{
    uint32_t code = at[0] & (unsigned char)~forms[length - 1].mask;

    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return CODE_BAD;
        code = code << 6 | (at[i] & 0x3f);
    }
    return code;
}

static bool may_be_shown(uint32_t code, uint32_t least)
{
    return code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && !is_deceptive(code);
}

/* The length of the UTF-8 character that begins here, or 0 when none does that may be shown. */
static size_t character_length(struct text bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t length = 1;

    while (length <= COUNT_OF(forms) && (at[0] & forms[length - 1].mask) != forms[length - 1].mark)
        length++;
    if (length > COUNT_OF(forms) || length > bytes.length || !may_be_shown(code_of(at, length), forms[length - 1].least))
        return 0;
    return length;
}

/* How many bytes from here on can be shown as they are. */
static size_t shown_length(struct text bytes)
{
    size_t length = 0, step;

    while (length < bytes.length && (step = character_length((struct text){bytes.at + length, bytes.length - length})) > 0)
        length += step;
    return length;
}

struct text shown_text(struct arena *arena, struct text text)
{
    size_t length = shown_length(text);
    char *copy;

    if (length == text.length)
        return text;
    copy = memcpy(arena_take(arena, text.length), text.at, text.length);
    for (; length < text.length; length += shown_length((struct text){text.at + length, text.length - length}))
        copy[length++] = '?';
    return (struct text){copy, text.length};
}

bool shown_bytes(struct text bytes, char *out, size_t size)
{
    size_t done = 0;
    bool whole = true;

    while (done < bytes.length) {
        size_t step = character_length((struct text){bytes.at + done, bytes.length - done});
        size_t taken = step == 0 ? 1 : step;
        whole = whole && step > 0 && done + taken < size;
        if (done + taken >= size)
            break;
        memcpy(out + done, step == 0 ? "?" : bytes.at + done, taken);
        done += taken;
    }
    out[done] = '\0';
    return whole;
}
