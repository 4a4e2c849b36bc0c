/* heap: malloc as the source of arenas. */
#ifndef WORLD_HEAP_H
#define WORLD_HEAP_H

#include "base/arena.h"

/* Threads may share it. */
extern const struct arena_source heap_source;

#endif
