#include "dlq_drive.h"

#include "bus_letter.h"
#include "bus_send.h"
#include "cli_json.h"

#include <inttypes.h>

#define BATCH_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define OWN_HEADERS 2 /* what a redrive adds */

/* A dead letter on its way: a copy in the batch's arena. */
struct parcel {
    struct letter letter;
    struct text key, value;
    struct header *headers; /* with room for OWN_HEADERS more */
    size_t header_count;
    enum verdict verdict;
    bool too_large; /* the record is too large for the topic */
};

static void copy_headers(struct arena *arena, const struct record *record, struct parcel *parcel)
{
    size_t count;
    const struct header *all = record_headers(arena, record, &count);

    parcel->headers = arena_take(arena, (count + OWN_HEADERS) * sizeof(*parcel->headers));
    for (size_t i = 0; i < count; i++)
        if (!bus_is_letter_header(all[i].name))
            parcel->headers[parcel->header_count++] =
                (struct header){text_copy(arena, all[i].name), text_copy(arena, all[i].value)};
}

/* Adds how often the record was sent back, and when it was first written: a new record must not make an order young again. */
static void add_own_headers(struct arena *arena, struct parcel *parcel)
{
    parcel->headers[parcel->header_count++] =
        (struct header){TEXT("dlq-redrives"), text_format(arena, "%" PRId64, parcel->letter.redrives + 1)};
    parcel->headers[parcel->header_count++] =
        (struct header){TEXT("dlq-timestamp"), text_format(arena, "%" PRId64, parcel->letter.written_ms)};
}

static enum status send_parcel(struct driving *driving, struct parcel *parcel)
{
    char topic[DLQ_TOPIC_SIZE];
    enum status status;

    add_own_headers(driving->arena, parcel);
    snprintf(topic, sizeof(topic), "%.*s", TEXT_ARG(place_origin(&parcel->letter.place)));
    status = bus_send(driving->bus, &(struct outgoing){.topic = topic,
                                                       .partition = -1,
                                                       .key = parcel->key,
                                                       .value = parcel->value,
                                                       .headers = parcel->headers,
                                                       .header_count = parcel->header_count});
    parcel->too_large = status == STATUS_BAD_MESSAGE;
    return status == STATUS_BAD_MESSAGE ? STATUS_OK : status;
}

static bool is_going(const struct parcel *parcel) { return parcel->verdict == VERDICT_SEND && !parcel->too_large; }

static enum cli_exit send_batch(struct driving *driving)
{
    enum status status = STATUS_OK;
    const char *problem = bus_problem(driving->bus);

    for (size_t i = 0; status == STATUS_OK && i < driving->count; i++)
        if (driving->parcels[i]->verdict == VERDICT_SEND)
            status = send_parcel(driving, driving->parcels[i]);
    if (status == STATUS_OK && cli_confirm(driving->bus, &problem))
        return CLI_DONE;
    return cli_fail(CLI_UNREACHABLE, "Kafka did not confirm the last batch (%s): run it again, what arrives twice is done once",
                    problem);
}

static enum cli_exit mark_batch(struct driving *driving)
{
    const struct letter *sent[DLQ_BATCH];
    size_t count = 0;
    enum cli_exit code;

    for (size_t i = 0; i < driving->count; i++)
        if (is_going(driving->parcels[i]))
            sent[count++] = &driving->parcels[i]->letter;
    code = count == 0 ? CLI_DONE : dlq_mark(driving->store, driving->arena, sent, count, driving->rules.now_ms);
    if (code != CLI_DONE)
        cli_warn("%zu were sent, but that could not be remembered: the next redrive may send them again", count);
    return code;
}

/* ---- printing ---- */

static const char *outcome_word(const struct driving *driving, const struct parcel *parcel)
{
    if (parcel->too_large)
        return "failed";
    if (parcel->verdict != VERDICT_SEND)
        return "refused";
    return driving->redrive->dry_run ? "would_send" : "sent";
}

static void print_json(struct driving *driving, const struct parcel *parcel, const char *outcome)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();
    const struct letter *letter = &parcel->letter;

    json_add_text(draft, "kind", TEXT("letter"));
    json_add_text(draft, "position", place_text(driving->arena, &letter->place));
    json_add_text(draft, "outcome", text_of(outcome));
    json_add_number(draft, "redrives", letter->redrives + is_going(parcel));
    json_add_text(draft, "reason", text_of(letter->reason));
    if (!is_going(parcel))
        json_add_text(draft, "why", text_of(parcel->too_large ? "too_large" : verdict_word(parcel->verdict)));
    cli_print_json(draft);
}

static void print_for_people(struct driving *driving, const struct parcel *parcel)
{
    const struct letter *letter = &parcel->letter;

    printf("%-30.*s %-14s ", TEXT_ARG(place_text(driving->arena, &letter->place)),
           letter->reason[0] == '\0' ? "(none)" : letter->reason);
    if (is_going(parcel))
        printf("%s to %.*s\n", driving->redrive->dry_run ? "would go" : "sent", TEXT_ARG(place_origin(&letter->place)));
    else
        printf("not sent: %s\n", parcel->too_large ? "it is too large for its topic" : verdict_text(parcel->verdict));
}

static void tell(struct driving *driving, const struct parcel *parcel)
{
    if (parcel->verdict == VERDICT_REDRIVEN && !driving->rules.named) {
        driving->skipped++;
        return;
    }
    driving->sent += is_going(parcel);
    driving->failed += parcel->too_large;
    driving->refused += parcel->verdict != VERDICT_SEND;
    if (driving->redrive->json)
        print_json(driving, parcel, outcome_word(driving, parcel));
    else
        print_for_people(driving, parcel);
}

static void print_totals_json(const struct driving *driving)
{
    CLEANUP(json_draft_destroy) struct json_draft *draft = json_draft_object();

    json_add_text(draft, "kind", TEXT("total"));
    json_add_bool(draft, "dryRun", driving->redrive->dry_run);
    json_add_number(draft, "sent", driving->sent);
    json_add_number(draft, "refused", driving->refused);
    json_add_number(draft, "failed", driving->failed);
    json_add_number(draft, "redrivenBefore", driving->skipped);
    cli_print_json(draft);
}

void drive_print_totals(const struct driving *driving)
{
    const char *sent = driving->redrive->dry_run ? "would be sent" : "sent";

    if (driving->redrive->json)
        print_totals_json(driving);
    else
        printf("%" PRId64 " %s, %" PRId64 " refused, %" PRId64 " failed, %" PRId64 " had been redriven before\n", driving->sent,
               sent, driving->refused, driving->failed, driving->skipped);
}

/* ---- a batch ---- */

static enum cli_exit drive_all(struct driving *driving)
{
    struct letter *letters[DLQ_BATCH];

    for (size_t i = 0; i < driving->count; i++)
        letters[i] = &driving->parcels[i]->letter;
    CLI_TRY(dlq_look_up(driving->store, driving->arena, letters, driving->count));
    for (size_t i = 0; i < driving->count; i++)
        driving->parcels[i]->verdict = redrive_verdict(letters[i], &driving->rules);
    if (driving->bus != NULL) {
        CLI_TRY(send_batch(driving));
        CLI_TRY(mark_batch(driving));
    }
    for (size_t i = 0; i < driving->count; i++)
        tell(driving, driving->parcels[i]);
    return CLI_DONE;
}

enum cli_exit drive_batch(struct driving *driving)
{
    enum cli_exit code = driving->count == 0 ? CLI_DONE : drive_all(driving);

    driving->count = driving->bytes = 0; /* after a failure too: the next topic begins with an empty batch */
    arena_reset(driving->arena);
    return code;
}

enum cli_exit drive_see(const struct record *record, void *context)
{
    struct driving *driving = context;
    struct parcel *parcel;
    struct letter letter;

    letter_read(record, &letter);
    if (driving->redrive->reason != NULL && strcmp(driving->redrive->reason, letter.reason) != 0)
        return CLI_DONE;
    parcel = arena_take_zeroed(driving->arena, 1, sizeof(*parcel));
    parcel->letter = letter;
    parcel->key = text_copy(driving->arena, record->key);
    parcel->value = text_copy(driving->arena, record->value);
    copy_headers(driving->arena, record, parcel);
    driving->parcels[driving->count++] = parcel;
    driving->bytes += record->value.length;
    return driving->count == DLQ_BATCH || driving->bytes >= BATCH_BYTES_MAX ? drive_batch(driving) : CLI_DONE;
}
