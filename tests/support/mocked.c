/* mocked.c - see the header. */
#include "mocked.h"

#include "free_port.h"
#include "log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_WAIT_MS 10000

void mocked_set_up(struct mocked *mocked, const char *const topics[])
{
    char problem[256];

    *mocked = (struct mocked){.client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), problem, sizeof(problem))};
    cr_assert_not_null(mocked->client, "%s", problem);
    mocked->cluster = rd_kafka_mock_cluster_new(mocked->client, 1);
    for (size_t i = 0; topics[i] != NULL; i++)
        rd_kafka_mock_topic_create(mocked->cluster, topics[i], 1, 1);
    mocked->redis = redis_process_start(NULL);
    mocked->port = test_free_port();
    snprintf(mocked->log_path, sizeof(mocked->log_path), "%s/orderly-mocked-%d.log",
             getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR"), (int)getpid());
}

void mocked_tear_down(struct mocked *mocked)
{
    if (mocked->program != 0) {
        kill(mocked->program, SIGKILL);
        waitpid(mocked->program, NULL, 0);
    }
    unlink(mocked->log_path);
    redis_process_stop(mocked->redis);
    rd_kafka_mock_cluster_destroy(mocked->cluster);
    rd_kafka_destroy(mocked->client);
}

/* ---- the program ---- */

static void set_environment(const struct mocked *mocked, const char *const settings[])
{
    char port[8];

    snprintf(port, sizeof(port), "%u", mocked->port);
    setenv("KAFKA_BOOTSTRAP_SERVERS", rd_kafka_mock_cluster_bootstraps(mocked->cluster), 1);
    setenv("REDIS_URL", redis_process_url(mocked->redis), 1);
    setenv("HTTP_PORT", port, 1);
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++)
        putenv((char *)settings[i]);
}

void mocked_start(struct mocked *mocked, const char *name, const char *const settings[])
{
    char path[512];
    int log = open(mocked->log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

    cr_assert_geq(log, 0, "%s: %s", mocked->log_path, strerror(errno));
    cr_assert_not_null(getenv("ORDERLY_TEST_BIN"), "ORDERLY_TEST_BIN is not set: run tests/run.sh");
    snprintf(path, sizeof(path), "%s/%s", getenv("ORDERLY_TEST_BIN"), name);
    mocked->program = fork();
    if (mocked->program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        set_environment(mocked, settings);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(log);
}

void mocked_end(struct mocked *mocked) { cr_expect_eq(kill(mocked->program, SIGTERM), 0); }

int mocked_exit_code(struct mocked *mocked)
{
    int how = 0;

    WAIT_UNTIL(waitpid(mocked->program, &how, WNOHANG) == mocked->program);
    mocked->program = 0;
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

bool mocked_lives(struct mocked *mocked)
{
    int how;

    if (mocked->program != 0 && waitpid(mocked->program, &how, WNOHANG) == mocked->program) {
        mocked->program = 0;
        cr_assert(false, "it ended with %x", how);
    }
    return true;
}

size_t mocked_logged(const struct mocked *mocked, const char *text, const char *more)
{
    char line[LOG_LINE_MAX + 1];
    FILE *log = fopen(mocked->log_path, "r");
    size_t count = 0;

    while (log != NULL && fgets(line, sizeof(line), log) != NULL)
        count += strstr(line, text) != NULL && strstr(line, more) != NULL;
    if (log != NULL)
        fclose(log);
    return count;
}

/* ---- records ---- */

static struct bus *open_bus(struct mocked *mocked, const char *const sends_to[], const char *const reads[])
{
    struct bus_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(mocked->cluster),
                                  .client_id = "orderly-test",
                                  .group_id = reads == NULL ? NULL : reads[0],
                                  .topics = reads,
                                  .sends_to = sends_to,
                                  .batch_max = MOCKED_BATCH};
    char problem[256] = "";
    struct bus *bus = NULL;

    cr_assert_eq(bus_open(&options, problem, sizeof(problem), &bus), STATUS_OK, "%s", problem);
    return bus;
}

void mocked_send(struct mocked *mocked, const char *topic, const char *key, const char *const values[], size_t count)
{
    struct bus *bus = open_bus(mocked, (const char *const[]){topic, NULL}, NULL);

    for (size_t i = 0; i < count; i++) {
        struct outgoing outgoing = {.topic = topic, .partition = -1, .key = text_of(key), .value = text_of(values[i])};
        cr_assert_eq(bus_send(bus, &outgoing), STATUS_OK);
    }
    cr_assert_eq(bus_flush(bus, NULL), STATUS_OK, "%s", bus_problem(bus));
    bus_close(bus);
}

struct bus *mocked_read(struct mocked *mocked, const char *topic)
{
    return open_bus(mocked, NULL, (const char *const[]){topic, NULL});
}

/* A client that only asks. */
static rd_kafka_t *open_client(struct mocked *mocked, const char *group)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char problem[256];
    rd_kafka_t *client;

    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mocked->cluster), problem, sizeof(problem));
    rd_kafka_conf_set(conf, "group.id", group, problem, sizeof(problem));
    client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, problem, sizeof(problem));
    cr_assert_not_null(client, "%s", problem);
    return client;
}

int64_t mocked_committed(struct mocked *mocked, const char *group, const char *topic)
{
    rd_kafka_t *client = open_client(mocked, group);
    rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new(1);
    int64_t offset;

    rd_kafka_topic_partition_list_add(asked, topic, 0);
    cr_assert_eq(rd_kafka_committed(client, asked, ANSWER_WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    offset = asked->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(asked);
    rd_kafka_destroy(client);
    return offset < 0 ? 0 : offset;
}

int64_t mocked_end_offset(struct mocked *mocked, const char *topic)
{
    rd_kafka_t *client = open_client(mocked, topic);
    int64_t beginning, end;

    cr_assert_eq(rd_kafka_query_watermark_offsets(client, topic, 0, &beginning, &end, ANSWER_WAIT_MS),
                 RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
    return end;
}
