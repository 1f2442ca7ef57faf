/* progress.h - a bar on a terminal for what takes a while. It is drawn on stderr, over itself, and wiped before anything else is
 * printed. */
#ifndef ORDERLY_PROGRESS_H
#define ORDERLY_PROGRESS_H

#include "text.h"

struct progress {
    bool is_shown;
    int64_t drawn_ms; /* when the bar was drawn last; 0: there is none on the screen */
};

/* Draws the bar, at most ten times a second: "label  [=====     ]  50 %  1000 of 2000". total 0: not known, no bar. */
void progress_draw(struct progress *progress, const char *label, size_t done, size_t total);
/* Wipes it. */
void progress_wipe(struct progress *progress);

#endif
