/* doctor_kafka.c - brokers, topics and their settings. */
#include "doctor.h"
#include "topic_plan.h"

#include <stdio.h>

#define PROBLEM_SIZE 512
#define SETTINGS_SEEN_MAX 32

void doctor_brokers(struct doctor *doctor)
{
    struct bus_cluster cluster;

    if (bus_describe_cluster(doctor->bus, NULL, 0, CLI_WAIT_MS, &cluster, NULL) != STATUS_OK) {
        doctor->kafka_away = true;
        doctor_tell(doctor, FINDING_WRONG, "kafka", TEXT("KAFKA_BOOTSTRAP_SERVERS=host:port,..."), "no answer at %s (%s)",
                    doctor->settings->bootstrap, bus_problem(doctor->bus));
        return;
    }
    doctor_tell(doctor, FINDING_OK, "kafka", TEXT_NONE, "%d %s at %s%s%s; which version it is Kafka does not tell clients",
                cluster.broker_count, cluster.broker_count == 1 ? "broker" : "brokers", doctor->settings->bootstrap,
                cluster.id[0] == '\0' ? "" : ", cluster ", cluster.id);
}

/* ---- topics ---- */

/* A topic beside its plan, and what was found of it so far. */
struct topic_check {
    struct topic_plan plan;
    struct bus_topic_state state;
    enum finding finding;
    struct buffer said, mend; /* mend: name=value,name=value */
    unsigned seen;            /* a bit for each setting of the plan */
};

struct topic_checks {
    struct topic_check list[TOPIC_PLAN_COUNT];
};

static void add_problem(struct topic_check *check, enum finding finding, struct text said)
{
    check->finding = finding_worse(check->finding, finding);
    buffer_add(&check->said, TEXT("; "));
    buffer_add(&check->said, said);
}

static struct topic_check *check_of(struct topic_checks *checks, const char *topic)
{
    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++)
        if (strcmp(checks->list[i].plan.name, topic) == 0)
            return &checks->list[i];
    return NULL;
}

static void judge_setting(struct topic_check *check, const char *name, const char *is, const char *planned)
{
    const char *why;
    enum finding finding = setting_finding(name, is, planned, &why);

    if (finding == FINDING_OK)
        return;
    add_problem(check, finding, text_format(check->said.arena, "%s is %s, not %s: %s", name, is, planned, why));
    if (check->mend.length > 0)
        buffer_add(&check->mend, TEXT(","));
    buffer_add_format(&check->mend, "%s=%s", name, planned);
}

static void see_setting(const char *topic, const char *name, const char *value, void *context)
{
    struct topic_check *check = check_of(context, topic);

    for (size_t i = 0; check != NULL && check->plan.config[i] != NULL; i += 2)
        if (strcmp(check->plan.config[i], name) == 0) {
            check->seen |= 1U << (i / 2);
            judge_setting(check, name, value, check->plan.config[i + 1]);
        }
}

static void judge_unseen(struct topic_check *check)
{
    for (size_t i = 0; check->plan.config[i] != NULL; i += 2)
        if ((check->seen & 1U << (i / 2)) == 0)
            add_problem(check, FINDING_UNKNOWN, text_format(check->said.arena, "%s is not told", check->plan.config[i]));
}

static void judge_state(struct topic_check *check, int broker_count)
{
    const struct bus_topic_state *state = &check->state;
    struct arena *arena = check->said.arena;

    buffer_add_format(&check->said, "%d %s, %d %s", state->partitions, state->partitions == 1 ? "partition" : "partitions",
                      state->copies, state->copies == 1 ? "copy" : "copies");
    if (state->without_leader > 0)
        add_problem(check, FINDING_WRONG,
                    text_format(arena, "%d partitions have no leader: a broker is away", state->without_leader));
    if (state->behind > 0)
        add_problem(check, FINDING_WARNING, text_format(arena, "%d partitions have a copy that is not in sync", state->behind));
    if (state->copies < 3 && broker_count >= 3)
        add_problem(check, FINDING_WARNING, TEXT("with so many brokers there should be 3"));
}

/* The plan is that of a topic with as many copies as this one has: the settings depend on it. */
static void begin_topic(struct doctor *doctor, struct topic_check *check, size_t number, const struct bus_topic_state *state)
{
    struct cli_settings settings = *doctor->settings;
    struct topic_plan plans[TOPIC_PLAN_COUNT];

    if (state->exists)
        settings.topic_replication = state->copies;
    topic_plans(doctor->arena, &settings, plans);
    *check = (struct topic_check){
        .plan = plans[number], .state = *state, .said = buffer_in(doctor->arena, 256), .mend = buffer_in(doctor->arena, 64)};
}

static void tell_topic(struct doctor *doctor, const struct topic_check *check)
{
    struct text mend = TEXT_NONE, said = buffer_text(&check->said);
    char name[128];

    snprintf(name, sizeof(name), "topic %s", check->plan.name);
    if (!check->state.exists) {
        doctor_tell(doctor, FINDING_WRONG, name, TEXT("orderly topics create"), "it does not exist");
        return;
    }
    if (check->mend.length > 0)
        mend = text_format(doctor->arena,
                           "kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s "
                           "--add-config %.*s",
                           doctor->settings->bootstrap, check->plan.name, TEXT_ARG(buffer_text(&check->mend)));
    doctor_tell(doctor, check->finding, name, mend, "%.*s", TEXT_ARG(said));
}

static bool judge_settings(struct doctor *doctor, struct topic_checks *checks)
{
    const char *existing[TOPIC_PLAN_COUNT];
    char problem[PROBLEM_SIZE];
    size_t count = 0;

    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++)
        if (checks->list[i].state.exists)
            existing[count++] = checks->list[i].plan.name;
    if (count == 0)
        return true;
    if (bus_describe_settings(doctor->bus, existing, count, CLI_WAIT_MS, see_setting, checks, problem, sizeof(problem)) !=
        STATUS_OK) {
        doctor_lost_kafka(doctor, "topics", problem);
        return false;
    }
    if (problem[0] != '\0')
        doctor_tell(doctor, FINDING_UNKNOWN, "topics", TEXT_NONE, "not all settings are told (%s)", problem);
    return true;
}

void doctor_topics(struct doctor *doctor)
{
    struct topic_checks *checks = arena_take_zeroed(doctor->arena, 1, sizeof(*checks));
    struct topic_plan plans[TOPIC_PLAN_COUNT];
    struct bus_topic_state states[TOPIC_PLAN_COUNT];
    const char *names[TOPIC_PLAN_COUNT];
    struct bus_cluster cluster;

    topic_plans(doctor->arena, doctor->settings, plans);
    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++)
        names[i] = plans[i].name;
    if (bus_describe_cluster(doctor->bus, names, TOPIC_PLAN_COUNT, CLI_WAIT_MS, &cluster, states) != STATUS_OK) {
        doctor_lost_kafka(doctor, "topics", bus_problem(doctor->bus));
        return;
    }
    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++) {
        begin_topic(doctor, &checks->list[i], i, &states[i]);
        if (states[i].exists)
            judge_state(&checks->list[i], cluster.broker_count);
    }
    if (!judge_settings(doctor, checks))
        return;
    for (size_t i = 0; i < TOPIC_PLAN_COUNT; i++) {
        if (states[i].exists)
            judge_unseen(&checks->list[i]);
        tell_topic(doctor, &checks->list[i]);
    }
}
