/* files: whole files, read with a limit and written so that a crash leaves the old or the new one. */
#ifndef WORLD_FILES_H
#define WORLD_FILES_H

#include "base/arena.h"
#include "base/status.h"

/* The file's bytes, in arena. STATUS_MISSING: there is none; STATUS_NO_SPACE: longer than size_max. */
MUST_USE struct status file_read_whole(
    struct arena *arena, struct bytes *out, const char *path, size_t size_max
);

/* Writes beside path, syncs, and renames into place. */
MUST_USE struct status file_write_whole(const char *path, struct bytes data);

/* Makes the directory and those above it, readable by the owner alone; it may exist. */
MUST_USE struct status file_make_directory(const char *path);

#endif
