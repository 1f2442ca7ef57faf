/* json_build.h - JSON made member by member, and printed: what the command line gives to programs.
 *
 * The only module that includes json-c. It escapes and separates; what is built can't lack a comma or a brace.
 * Ownership  a draft is destroyed whole, by its root; what json_add_object() gives is borrowed from it. Texts are copied
 * Encoding   texts have to be UTF-8; nothing checks it */
#ifndef ORDERLY_JSON_BUILD_H
#define ORDERLY_JSON_BUILD_H

#include "json.h"

/* An object or an array in the making. Members come out in the order in which they were added. */
struct json_draft;

enum json_style {
    JSON_ONE_LINE, /* no spaces at all */
    JSON_INDENTED  /* by 2 spaces, for people */
};

/* A new, empty object. Never NULL. The caller owns it. */
struct json_draft *json_draft_object(void);
/* Releases it and all that was added to it; NULL is fine. */
void json_draft_destroy(struct json_draft *draft);
/* For CLEANUP(json_draft_destroy). */
DEFINE_CLEANUP(struct json_draft, json_draft_destroy);

/* Each adds a member of that name to an object, or an element to an array, whose name is NULL. A name is not looked for: the same
 * name twice is printed twice. */
/* A string; TEXT_NONE is null. */
void json_add_text(struct json_draft *draft, const char *name, struct text text);
/* A whole number. */
void json_add_number(struct json_draft *draft, const char *name, int64_t number);
/* A number with so many decimals. */
void json_add_decimal(struct json_draft *draft, const char *name, double number, int decimals);
/* true or false. */
void json_add_bool(struct json_draft *draft, const char *name, bool is_true);
/* A value that was read, with all that is in it: numbers stay as they are written, strings what they stand for. */
void json_add_value(struct json_draft *draft, const char *name, const struct json *value);
/* An empty object, to be filled. Belongs to the draft. */
struct json_draft *json_add_object(struct json_draft *draft, const char *name);
/* An empty array, to be filled. Belongs to the draft. */
struct json_draft *json_add_array(struct json_draft *draft, const char *name);

/* The whole draft, in the arena. */
struct text json_draft_text(struct arena *arena, struct json_draft *draft, enum json_style style);
/* A JSON text indented, in the arena. TEXT_NONE when it is not JSON. */
struct text json_pretty(struct arena *arena, struct text bytes);

/* The version of json-c. Static. */
const char *json_library_version(void);

#endif
