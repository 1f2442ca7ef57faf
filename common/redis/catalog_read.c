/* catalog_read.c - a hash table of the products that a batch wants. Those of CATALOG_COMMAND_IDS_MAX entries share an HMGET;
 * each is read when it is first asked for. */
#include "catalog_read.h"

#include "keys.h"

#include <assert.h>

#define SLOTS_FIRST 64 /* a power of two, and at most half of the slots are taken */
#define NO_COMMAND SIZE_MAX

struct entry {
    struct text product_id;
    bool is_read;
    struct product product; /* when it is read */
};

struct catalog_batch {
    struct arena *arena;
    struct store *store;
    struct entry *entries; /* a list of the arena */
    size_t entry_count;
    size_t *slots; /* 1 + the number of an entry; 0: free */
    size_t slot_count;
    size_t first_command; /* that reads entries; the others follow it */
    bool wants_presence;
    size_t presence_command; /* NO_COMMAND: it was not asked for */
};

struct catalog_batch *catalog_begin(struct arena *arena, struct store *store)
{
    struct catalog_batch *catalog = arena_take(arena, sizeof(*catalog));

    *catalog =
        (struct catalog_batch){.arena = arena, .store = store, .first_command = NO_COMMAND, .presence_command = NO_COMMAND};
    return catalog;
}

/* ---- what is wanted ---- */

/* The slot of a product, or the free one where it belongs. */
static size_t *find_slot(const struct catalog_batch *catalog, struct text product_id)
{
    size_t slot = (size_t)text_hash(product_id) & (catalog->slot_count - 1);

    while (catalog->slots[slot] != 0 && !text_equals(catalog->entries[catalog->slots[slot] - 1].product_id, product_id))
        slot = (slot + 1) & (catalog->slot_count - 1);
    return &catalog->slots[slot];
}

static void make_room(struct catalog_batch *catalog)
{
    if (2 * catalog->entry_count < catalog->slot_count)
        return;
    catalog->slot_count = catalog->slot_count == 0 ? SLOTS_FIRST : 2 * catalog->slot_count;
    catalog->slots = arena_take_zeroed(catalog->arena, catalog->slot_count, sizeof(*catalog->slots));
    for (size_t i = 0; i < catalog->entry_count; i++)
        *find_slot(catalog, catalog->entries[i].product_id) = i + 1;
}

static void want(struct catalog_batch *catalog, struct text product_id)
{
    size_t *slot;

    make_room(catalog);
    slot = find_slot(catalog, product_id);
    if (*slot != 0)
        return;
    catalog->entries = arena_list_room(catalog->arena, catalog->entries, catalog->entry_count, sizeof(*catalog->entries));
    catalog->entries[catalog->entry_count++] = (struct entry){.product_id = product_id};
    *slot = catalog->entry_count;
}

void catalog_want(struct catalog_batch *catalog, const struct text product_ids[], size_t count)
{
    assert(catalog->first_command == NO_COMMAND && "it is read once");
    for (size_t i = 0; i < count; i++)
        if (text_is_there(product_ids[i]))
            want(catalog, product_ids[i]);
}

void catalog_want_presence(struct catalog_batch *catalog) { catalog->wants_presence = true; }

/* ---- reading it ---- */

/* How many entries the command that begins with that one reads. */
static size_t command_ids(const struct catalog_batch *catalog, size_t first)
{
    size_t rest = catalog->entry_count - first;

    return rest < CATALOG_COMMAND_IDS_MAX ? rest : CATALOG_COMMAND_IDS_MAX;
}

static size_t queue_entries(const struct catalog_batch *catalog, struct text key, size_t first)
{
    struct text words[CATALOG_COMMAND_IDS_MAX + 2] = {TEXT("HMGET"), key};
    size_t count = command_ids(catalog, first);

    for (size_t i = 0; i < count; i++)
        words[i + 2] = catalog->entries[first + i].product_id;
    return store_queue(catalog->store, key, words, count + 2);
}

void catalog_queue(struct catalog_batch *catalog)
{
    const struct text key = key_catalog(catalog->arena);

    if (catalog->wants_presence)
        catalog->presence_command = store_queue(catalog->store, key, (const struct text[]){TEXT("HLEN"), key}, 2);
    for (size_t first = 0; first < catalog->entry_count; first += CATALOG_COMMAND_IDS_MAX) {
        size_t number = queue_entries(catalog, key, first);

        if (first == 0)
            catalog->first_command = number;
    }
}

static enum status read_entry(struct catalog_batch *catalog, size_t place)
{
    size_t first = place - place % CATALOG_COMMAND_IDS_MAX;
    const struct store_value *reply = store_value(catalog->store, catalog->first_command + place / CATALOG_COMMAND_IDS_MAX);
    struct entry *entry = &catalog->entries[place];

    if (store_count(reply) != command_ids(catalog, first))
        return STATUS_BROKEN;
    entry->product = product_read(catalog->arena, store_text(store_element(reply, place - first)));
    entry->is_read = true;
    return STATUS_OK;
}

static enum status find_product(struct catalog_batch *catalog, struct text product_id, struct product *out_product)
{
    size_t number = catalog->slot_count == 0 ? 0 : *find_slot(catalog, product_id);
    struct entry *entry;

    assert(number != 0 && "it was not wanted");
    entry = &catalog->entries[number - 1];
    if (!entry->is_read)
        TRY(read_entry(catalog, number - 1));
    *out_product = entry->product;
    return STATUS_OK;
}

enum status catalog_products(struct catalog_batch *catalog, const struct text product_ids[], size_t count,
                             struct product out_products[])
{
    for (size_t i = 0; i < count; i++)
        if (text_is_there(product_ids[i]))
            TRY(find_product(catalog, product_ids[i], &out_products[i]));
        else
            out_products[i] = (struct product){.state = PRODUCT_UNKNOWN};
    return STATUS_OK;
}

bool catalog_is_there(const struct catalog_batch *catalog)
{
    assert(catalog->presence_command != NO_COMMAND && "its presence was not wanted");
    return store_number(store_value(catalog->store, catalog->presence_command)) > 0;
}
