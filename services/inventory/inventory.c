#include "inventory.h"

struct text items_text(struct arena *arena, const struct order *order)
{
    struct buffer buffer = buffer_in(arena, order->line_count * 32);

    for (size_t i = 0; i < order->line_count; i++) {
        if (i > 0)
            buffer_add(&buffer, TEXT(" "));
        buffer_add(&buffer, order->lines[i].product_id);
        buffer_add(&buffer, TEXT("="));
        buffer_add_number(&buffer, order->lines[i].quantity);
    }
    return buffer_text(&buffer);
}
