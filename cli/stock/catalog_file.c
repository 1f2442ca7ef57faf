#include "catalog_file.h"

#include <stdarg.h>
#include <stdlib.h>

/* A file being read. */
struct reading {
    struct arena *arena;
    FILE *report;
    size_t mistakes;
    struct catalog_file file;
    size_t stock_size;
};

static void mistake(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);

static void mistake(struct reading *reading, const char *format, ...)
{
    va_list arguments;

    if (reading->mistakes++ >= CATALOG_MISTAKES_MAX)
        return;
    va_start(arguments, format);
    vfprintf(reading->report, format, arguments);
    va_end(arguments);
    fprintf(reading->report, "\n");
}

static bool read_number(struct reading *reading, const struct json *value, size_t number, const char *name, int64_t *out)
{
    if (json_integer(value, out) && *out >= 0 && *out <= MONEY_MAX)
        return true;
    mistake(reading, "products[%zu].%s: not a whole number from 0 to %lld", number, name, (long long)MONEY_MAX);
    return false;
}

static void add_stock(struct reading *reading, const struct catalog_stock *stock)
{
    struct catalog_file *file = &reading->file;

    if (file->stock_count == reading->stock_size) {
        size_t size = reading->stock_size * 2 + 64;
        struct catalog_stock *stocks = arena_take(reading->arena, size * sizeof(*stocks));
        if (file->stock_count > 0)
            memcpy(stocks, file->stocks, file->stock_count * sizeof(*stocks));
        file->stocks = stocks;
        reading->stock_size = size;
    }
    file->stocks[file->stock_count++] = *stock;
}

/* null is as good as absent where a member is optional. */
static bool is_absent(const struct json *value) { return value == NULL || value->type == JSON_NULL; }

static void read_stock(struct reading *reading, const struct json *stock, size_t number, struct text product_id)
{
    if (is_absent(stock))
        return;
    if (stock->type != JSON_OBJECT) {
        mistake(reading, "products[%zu].stock: not an object of warehouses", number);
        return;
    }
    for (JSON_EACH_MEMBER(name, stock)) {
        struct catalog_stock one = {.warehouse = json_string(reading->arena, name), .product_id = product_id};
        if (!warehouse_is_good(one.warehouse))
            mistake(reading, "products[%zu].stock: a warehouse is 1 to %d of A-Z a-z 0-9 . _ -", number, ORDER_ID_MAX);
        else if (!is_absent(json_next(name)) && read_number(reading, json_next(name), number, "stock", &one.units))
            add_stock(reading, &one);
    }
}

static bool is_currency(struct text currency)
{
    for (size_t i = 0; i < currency.length; i++)
        if (currency.at[i] < 'A' || currency.at[i] > 'Z')
            return false;
    return currency.length == 3;
}

static struct text entry_text(struct arena *arena, struct text name, int64_t unit_price, struct text currency)
{
    struct buffer buffer = buffer_in(arena, name.length + 64);

    buffer_add(&buffer, TEXT("{\"name\":"));
    buffer_add_json_string(&buffer, name);
    buffer_add(&buffer, TEXT(",\"unitPrice\":"));
    buffer_add_number(&buffer, unit_price);
    buffer_add(&buffer, TEXT(",\"currency\":"));
    buffer_add_json_string(&buffer, currency);
    buffer_add(&buffer, TEXT("}"));
    return buffer_text(&buffer);
}

static void read_product(struct reading *reading, const struct json *product, size_t number)
{
    struct arena *arena = reading->arena;
    struct text id = json_string(arena, json_member(product, TEXT("productId")));
    struct text name = json_string(arena, json_member(product, TEXT("name")));
    struct text currency = json_string(arena, json_member(product, TEXT("currency")));
    int64_t unit_price = 0;

    if (product->type != JSON_OBJECT) {
        mistake(reading, "products[%zu]: not an object", number);
        return;
    }
    if (!id_is_good(id))
        mistake(reading, "products[%zu].productId: not 1 to %d of A-Z a-z 0-9 . _ : -", number, PRODUCT_ID_MAX);
    if (name.length == 0)
        mistake(reading, "products[%zu].name: not a string, or empty", number);
    if (!is_currency(currency))
        mistake(reading, "products[%zu].currency: not three capital letters (ISO 4217)", number);
    if (read_number(reading, json_member(product, TEXT("unitPrice")), number, "unitPrice", &unit_price) && name.length > 0)
        reading->file.entries[reading->file.entry_count++] =
            (struct catalog_entry){id, entry_text(arena, name, unit_price, currency)};
    read_stock(reading, json_member(product, TEXT("stock")), number, id);
}

static int compare_texts(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_stocks(const void *a, const void *b)
{
    return compare_texts(((const struct catalog_stock *)a)->warehouse, ((const struct catalog_stock *)b)->warehouse);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_texts(((const struct catalog_entry *)a)->product_id, ((const struct catalog_entry *)b)->product_id);
}

/* A product that is listed twice would have the price of the last, and nobody would notice. */
static void check_twice(struct reading *reading)
{
    struct catalog_file *file = &reading->file;

    qsort(file->entries, file->entry_count, sizeof(*file->entries), compare_entries);
    for (size_t i = 1; i < file->entry_count; i++)
        if (compare_entries(&file->entries[i - 1], &file->entries[i]) == 0)
            mistake(reading, "products: %.*s is listed twice", TEXT_ARG(file->entries[i].product_id));
}

/* NULL when the file can't be read at all; the mistake was printed. */
static const struct json *read_root(struct reading *reading, struct text bytes)
{
    struct text text = text_without_mark(bytes);
    const struct json *root = NULL;

    if (text_is_wide(bytes))
        mistake(reading, "the file is UTF-16, not UTF-8 (iconv -f UTF-16 -t UTF-8)");
    else if (text_without_blanks(text).length == 0)
        mistake(reading, "the file is empty");
    else if (json_read(reading->arena, text, &root) != STATUS_OK)
        mistake(reading, "the file is not JSON (or has a member twice)");
    return root;
}

size_t catalog_file_read(struct arena *arena, struct text bytes, FILE *report, struct catalog_file *out_file)
{
    struct reading reading = {.arena = arena, .report = report};
    const struct json *root = read_root(&reading, bytes), *products;
    size_t number = 0;

    if (reading.mistakes > 0)
        return reading.mistakes;
    products = json_member(root, TEXT("products"));
    if (products == NULL || products->type != JSON_ARRAY) {
        mistake(&reading, "products: missing, or not an array");
        return reading.mistakes;
    }
    reading.file.entries = arena_take(arena, (products->count + 1) * sizeof(*reading.file.entries));
    for (JSON_EACH(product, products))
        read_product(&reading, product, number++);
    check_twice(&reading);
    if (reading.file.stock_count > 0)
        qsort(reading.file.stocks, reading.file.stock_count, sizeof(*reading.file.stocks), compare_stocks);
    *out_file = reading.file;
    return reading.mistakes;
}
