/* audit_finding.h - what looked wrong at the first look: a bounded list that is looked at again before anything is reported.
 *
 * One finding for each order (or for a record of `orders` that nothing came of). The same violations at the same version of the
 * saga, seen twice, are true; a saga that has moved on meanwhile is judged anew. */
#ifndef ORDERLY_AUDIT_FINDING_H
#define ORDERLY_AUDIT_FINDING_H

#include "audit_rules.h"
#include "message.h"

#define AUDIT_FINDINGS_MAX 100000 /* orders that are kept for another look: 20 MB */

struct audit_finding {
    char order_id[ORDER_ID_MAX + 1];  /* "" for a record without a readable one */
    char warehouse[ORDER_ID_MAX + 1]; /* of a reservation that its order does not name; "" for none */
    int64_t version;                  /* of the saga; 0: there was none */
    audit_set violations;             /* empty: it moved while it was looked at */
    int32_t partition;                /* of the record of `orders` with AUDIT_ORDER_UNANSWERED */
    int64_t offset;
};

struct audit_findings {
    struct audit_finding *list;
    size_t count, room;
    size_t left_out; /* did not fit, or have a name that no order can have: they can't be looked at again */
};

/* Releases the list; the struct may be used again. */
void audit_findings_free(struct audit_findings *findings);
/* Adds a copy. */
void audit_findings_add(struct audit_findings *findings, const struct audit_finding *finding);
/* Adds what is wrong with an order. */
void audit_findings_note(struct audit_findings *findings, struct text order_id, struct text warehouse, int64_t version,
                         audit_set violations);
/* Makes one of several findings of an order: of those of its latest version, all violations. Records stay apart. Sorts by order
 * id. */
void audit_findings_merge(struct audit_findings *findings);
/* What of a second look is true now, and what has to be looked at once more: the violations that both looks saw at the same
 * version, and those that only the second one saw, or saw at another version. */
void audit_finding_compare(const struct audit_finding *first, const struct audit_finding *second, audit_set *out_true,
                           audit_set *out_again);

#endif
