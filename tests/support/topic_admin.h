/* topic_admin.h - topics taken away and made anew, offsets of groups, for tests of what notices that. Each asserts by itself. */
#ifndef ORDERLY_TEST_TOPIC_ADMIN_H
#define ORDERLY_TEST_TOPIC_ADMIN_H

#include <stddef.h>

/* Deletes a topic and waits until the broker has forgotten it. */
void topic_delete(const char *name);
/* Makes a topic anew with one partition and these settings: name, value, ..., NULL. */
void topic_make(const char *name, const char *const config[]);
/* Gives a topic so many partitions, more than it has. */
void topic_grow(const char *name, size_t partitions);
/* Commits an offset for a group that nobody is a member of. */
void group_commit(const char *group, const char *topic, int partition, long long offset);

#endif
