#include "cli_ask.h"

static enum cli_exit lost(const struct store *store)
{
    return cli_fail(CLI_UNREACHABLE, "Redis does not serve any more (%s)", store_problem(store));
}

enum cli_exit cli_flush(struct store *store) { return store_flush(store) == STATUS_OK ? CLI_DONE : lost(store); }

enum cli_exit cli_check(const struct store_value *reply, struct text key)
{
    struct text error = store_error(reply);

    if (!text_is_there(error))
        return CLI_DONE;
    return cli_fail(CLI_ENDED_BADLY, "Redis refuses what was asked of %.*s: look at it with redis-cli TYPE (%.*s)", TEXT_ARG(key),
                    TEXT_ARG(error));
}

enum cli_exit cli_ask(struct store *store, const struct text words[], size_t count, const struct store_value **out_reply)
{
    size_t number;

    store_begin(store);
    number = store_queue(store, words[1], words, count);
    CLI_TRY(cli_flush(store));
    CLI_TRY(cli_check(store_value(store, number), words[1]));
    *out_reply = store_value(store, number);
    return CLI_DONE;
}

enum cli_exit cli_scan(struct store *store, struct arena *arena, struct store_scan *scan)
{
    enum status status = store_scan_next(store, arena, scan);

    if (status == STATUS_OK)
        return CLI_DONE;
    if (status != STATUS_BROKEN)
        return lost(store);
    CLI_TRY(cli_check(store_value(store, 0), text_is_there(scan->key) ? scan->key : TEXT("all keys")));
    return cli_fail(CLI_ENDED_BADLY, "Redis gives no list of %.*s", TEXT_ARG(scan->key));
}
