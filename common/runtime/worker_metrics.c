#include "worker_internal.h"

enum { OUTCOMES, REDELIVERIES, FAMILY_COUNT };
enum { SUCCEEDED, REFUSED, FAILED, OUTCOME_COUNT };

static const struct text outcomes[OUTCOME_COUNT] = {{"succeeded", 9}, {"refused", 7}, {"failed", 6}};

static const struct metric_family families[FAMILY_COUNT] = {
    [OUTCOMES] = {.name = "orderly_outcomes_total",
                  .help =
                      "Commands answered, by what was asked and the outcome; a command that is delivered again is answered again",
                  .type = METRIC_COUNTER,
                  .labels = {"type", "outcome"},
                  .series_max = WORKER_COMMANDS_MAX * OUTCOME_COUNT},
    [REDELIVERIES] =
        {.name = "orderly_redeliveries_total",
         .help = "Commands among them that got the outcome of the first time, as it was stored with their effect; the validator "
                 "stores nothing and counts none",
         .type = METRIC_COUNTER,
         .labels = {"type"},
         .series_max = WORKER_COMMANDS_MAX},
};

/* What was counted of one batch, of one kind of command. */
struct answer_tally {
    int64_t outcomes[OUTCOME_COUNT], redeliveries;
};

struct metric_table worker_metrics_table(void) { return (struct metric_table){families, FAMILY_COUNT}; }

static void stage_tally(struct metrics *metrics, const char *type, const struct answer_tally *tally)
{
    struct text values[] = {text_of(type), TEXT_NONE};

    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        values[1] = outcomes[i];
        metric_add(metrics_series(metrics, &families[OUTCOMES], values), tally->outcomes[i]);
    }
    metric_add(metrics_series(metrics, &families[REDELIVERIES], values), tally->redeliveries);
}

static size_t outcome_number(struct text outcome)
{
    size_t number = 0;

    while (number < FAILED && !text_equals(outcome, outcomes[number]))
        number++;
    return number;
}

void worker_count_answers(struct run *run, const struct worker_batch *batch)
{
    const struct worker *worker = worker_of(run);
    struct answer_tally tallies[WORKER_COMMANDS_MAX] = {0};

    for (size_t i = 0; i < batch->count; i++) {
        const struct work *work = &batch->works[i];
        struct answer_tally *tally = &tallies[work->row_number];
        tally->outcomes[outcome_number(work->reply.outcome)]++;
        tally->redeliveries += work->was_stored;
    }
    for (size_t i = 0; worker->commands[i].type != NULL; i++)
        stage_tally(run->metrics, worker->commands[i].type, &tallies[i]);
}
