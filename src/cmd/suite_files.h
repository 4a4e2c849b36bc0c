/* suite_files: the files that a runner of official tests reads: tests below a path, and tables. */
#ifndef CMD_SUITE_FILES_H
#define CMD_SUITE_FILES_H

#include "base/arena.h"

struct suite_files {
    const char **paths;
    uint64_t *sizes;
    size_t count, room;
};

/* Adds path, or the .json files below it where it is a directory. False: it cannot be read. */
MUST_USE bool suite_files_add(struct arena *arena, struct suite_files *files, const char *path);

/* Largest first, so that threads end together; the order of equals is that of their paths. */
void suite_files_sort(struct suite_files *files);

MUST_USE bool suite_file_read(struct arena *arena, struct bytes *out, const char *path);

#define SUITE_COLUMNS_MAX 4

struct suite_row {
    const char *columns[SUITE_COLUMNS_MAX];
};

struct suite_table {
    struct suite_row *rows;
    size_t count;
};

/* Lines of column_count texts between tabs; empty lines and those that begin with # do not count.
 * False where the file cannot be read or a line has another number of columns. */
MUST_USE bool suite_table_read(
    struct arena *arena, struct suite_table *table, const char *path, size_t column_count
);

#endif
