#include "audit_finding.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM_FIRST 64

void audit_findings_free(struct audit_findings *findings)
{
    free(findings->list);
    *findings = (struct audit_findings){0};
}

void audit_findings_add(struct audit_findings *findings, const struct audit_finding *finding)
{
    if (findings->count == AUDIT_FINDINGS_MAX) {
        findings->left_out++;
        return;
    }
    if (findings->count == findings->room) {
        findings->room = findings->room == 0 ? ROOM_FIRST : findings->room * 2;
        findings->list = realloc(findings->list, findings->room * sizeof(*findings->list));
        if (findings->list == NULL)
            abort();
    }
    findings->list[findings->count++] = *finding;
}

void audit_findings_note(struct audit_findings *findings, struct text order_id, struct text warehouse, int64_t version,
                         audit_set violations)
{
    struct audit_finding finding = {.version = version, .violations = violations};

    if (order_id.length > ORDER_ID_MAX || warehouse.length > ORDER_ID_MAX) {
        findings->left_out++;
        return;
    }
    snprintf(finding.order_id, sizeof(finding.order_id), "%.*s", TEXT_ARG(order_id));
    snprintf(finding.warehouse, sizeof(finding.warehouse), "%.*s", TEXT_ARG(warehouse));
    audit_findings_add(findings, &finding);
}

static bool is_record(const struct audit_finding *finding)
{
    return (finding->violations & AUDIT_SET(AUDIT_ORDER_UNANSWERED)) != 0;
}

/* Records behind all orders, by their place. */
static int compare(const void *a, const void *b)
{
    const struct audit_finding *one = a, *other = b;
    int order = (int)is_record(one) - (int)is_record(other);

    if (order == 0 && is_record(one))
        order = (one->partition > other->partition) - (one->partition < other->partition);
    if (order == 0 && is_record(one))
        return (one->offset > other->offset) - (one->offset < other->offset);
    return order == 0 ? strcmp(one->order_id, other->order_id) : order;
}

static bool is_same(const struct audit_finding *one, const struct audit_finding *other)
{
    return !is_record(one) && !is_record(other) && strcmp(one->order_id, other->order_id) == 0;
}

static void join(struct audit_finding *kept, const struct audit_finding *other)
{
    if (other->version > kept->version) {
        kept->version = other->version;
        kept->violations = other->violations;
    } else if (other->version == kept->version) {
        kept->violations |= other->violations;
    }
    if (kept->warehouse[0] == '\0')
        memcpy(kept->warehouse, other->warehouse, sizeof(kept->warehouse));
}

void audit_findings_merge(struct audit_findings *findings)
{
    size_t kept = 0;

    if (findings->count == 0)
        return;
    qsort(findings->list, findings->count, sizeof(*findings->list), compare);
    for (size_t i = 1; i < findings->count; i++) {
        if (is_same(&findings->list[kept], &findings->list[i]))
            join(&findings->list[kept], &findings->list[i]);
        else
            findings->list[++kept] = findings->list[i];
    }
    findings->count = kept + 1;
}

void audit_finding_compare(const struct audit_finding *first, const struct audit_finding *second, audit_set *out_true,
                           audit_set *out_again)
{
    *out_true = first->version == second->version ? first->violations & second->violations : 0;
    *out_again = second->violations & ~*out_true;
}
