#include "cmd/suite_files.h"

#include <dirent.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>

enum { FILES_ROOM_MIN = 256, PATH_SIZE_MAX = 4096, DEPTH_MAX = 32 };

static void append(
    struct arena *arena, struct suite_files *files, const char *path, uint64_t size
) {
    if (files->count == files->room) {
        const size_t room = files->room == 0 ? FILES_ROOM_MIN : 2 * files->room;
        const char **const paths = ARENA_ARRAY(arena, const char *, room);
        uint64_t *const sizes = ARENA_ARRAY(arena, uint64_t, room);
        for (size_t i = 0; i < files->count; i++) {
            paths[i] = files->paths[i];
            sizes[i] = files->sizes[i];
        }
        files->paths = paths;
        files->sizes = sizes;
        files->room = room;
    }
    files->paths[files->count] =
        (const char *)arena_copy(arena, bytes_from(path, strlen(path) + 1)).data;
    files->sizes[files->count++] = size;
}

static bool is_json(const char *path) {
    const size_t len = strlen(path);
    return len > 5 && strcmp(path + len - 5, ".json") == 0;
}

static bool add(struct arena *arena, struct suite_files *files, const char *path, int depth);

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX levels
static bool add_directory(
    struct arena *arena, struct suite_files *files, const char *path, int depth
) {
    DIR *const directory = opendir(path);
    if (directory == NULL) return false;
    bool good = true;
    for (const struct dirent *entry; good && (entry = readdir(directory)) != NULL;) {
        char child[PATH_SIZE_MAX];
        if (entry->d_name[0] == '.') continue;
        const int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        good = len > 0 && (size_t)len < sizeof child && add(arena, files, child, depth + 1);
    }
    (void)closedir(directory);
    return good;
}

// NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX levels
static bool add(struct arena *arena, struct suite_files *files, const char *path, int depth) {
    struct stat info;
    if (depth > DEPTH_MAX || stat(path, &info) != 0) return false;
    if (S_ISDIR(info.st_mode)) return add_directory(arena, files, path, depth);
    if (depth == 0 || is_json(path)) append(arena, files, path, (uint64_t)info.st_size);
    return true;
}

bool suite_files_add(struct arena *arena, struct suite_files *files, const char *path) {
    char clean[PATH_SIZE_MAX];
    const int len = snprintf(clean, sizeof clean, "%s", path);
    if (len <= 0 || (size_t)len >= sizeof clean) return false;
    for (int i = len - 1; i > 0 && clean[i] == '/'; i--) {
        clean[i] = '\0';
    }
    return add(arena, files, clean, 0);
}

struct sized_path {
    const char *path;
    uint64_t size;
};

/* One case of these runs BLAKE2's compression for 2^32 - 1 rounds: minutes, whatever the file's size. */
static bool is_slow(const char *path) {
    return strstr(path, "CALLBlake2f_MaxRounds") != NULL;
}

static int by_size(const void *a, const void *b) {
    const struct sized_path *const left = a;
    const struct sized_path *const right = b;
    if (is_slow(left->path) != is_slow(right->path)) return is_slow(left->path) ? -1 : 1;
    if (left->size != right->size) return left->size < right->size ? 1 : -1;
    return strcmp(left->path, right->path);
}

void suite_files_sort(struct suite_files *files) {
    struct sized_path *const order = calloc(files->count + 1, sizeof *order);
    if (order == NULL) return; /* the order is only a matter of speed */
    for (size_t i = 0; i < files->count; i++) {
        order[i] = (struct sized_path){files->paths[i], files->sizes[i]};
    }
    qsort(order, files->count, sizeof *order, by_size);
    for (size_t i = 0; i < files->count; i++) {
        files->paths[i] = order[i].path;
        files->sizes[i] = order[i].size;
    }
    free(order);
}

bool suite_file_read(struct arena *arena, struct bytes *out, const char *path) {
    FILE *const file = fopen(path, "rb");
    if (file == NULL) return false;
    bool good = fseek(file, 0, SEEK_END) == 0;
    const long size = good ? ftell(file) : -1;
    good = size >= 0 && fseek(file, 0, SEEK_SET) == 0;
    if (good) {
        uint8_t *const text = arena_alloc_raw(arena, (size_t)size + 1, 1);
        good = fread(text, 1, (size_t)size, file) == (size_t)size;
        text[size] = 0;
        *out = bytes_from(text, (size_t)size);
    }
    (void)fclose(file);
    return good;
}

/* Cuts line at its tabs. */
static bool read_row(struct suite_row *row, char *line, size_t column_count) {
    size_t count = 0;
    for (char *rest = line; rest != NULL;) {
        if (count == column_count) return false;
        row->columns[count++] = strsep(&rest, "\t");
    }
    return count == column_count;
}

bool suite_table_read(
    struct arena *arena, struct suite_table *table, const char *path, size_t column_count
) {
    ASSERT(column_count <= SUITE_COLUMNS_MAX);
    struct bytes text;
    if (!suite_file_read(arena, &text, path)) return false;
    size_t line_count = 1;
    for (size_t i = 0; i < text.len; i++) {
        line_count += text.data[i] == '\n';
    }
    table->rows = ARENA_ARRAY(arena, struct suite_row, line_count);
    table->count = 0;
    char *rest = (char *)arena_alloc_raw(arena, text.len + 1, 1);
    memcpy(rest, text.data, text.len + 1);
    while (rest != NULL) {
        char *const line = strsep(&rest, "\n");
        if (line[0] == '\0' || line[0] == '#') continue;
        if (!read_row(&table->rows[table->count++], line, column_count)) return false;
    }
    return true;
}
