#include "progress.h"

#include "clock.h"

#include <stdio.h>

#define DRAW_EVERY_MS 100
#define BAR_WIDTH 30

void progress_draw(struct progress *progress, const char *label, size_t done, size_t total)
{
    static const char full[BAR_WIDTH + 1] = "==============================";
    int64_t now_ms;
    int filled;

    if (!progress->is_shown)
        return;
    now_ms = clock_steady_ms() + 1; /* never 0 */
    if (progress->drawn_ms != 0 && now_ms - progress->drawn_ms < DRAW_EVERY_MS)
        return;
    progress->drawn_ms = now_ms;
    if (total == 0) {
        fprintf(stderr, "\r\033[K%-12s %zu", label, done);
        return;
    }
    if (done > total) /* a total that grew meanwhile */
        done = total;
    filled = (int)((double)done / (double)total * BAR_WIDTH);
    fprintf(stderr, "\r\033[K%-12s [%.*s%*s] %3d %%  %zu of %zu", label, filled, full, BAR_WIDTH - filled, "",
            (int)((double)done / (double)total * 100), done, total);
}

void progress_wipe(struct progress *progress)
{
    if (progress->drawn_ms != 0)
        fprintf(stderr, "\r\033[K");
    progress->drawn_ms = 0;
}
