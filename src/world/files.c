#include "world/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <errno.h>
#include <stdio.h>

enum { PATH_SIZE = 4096 };

static struct status os_failure(const char *context) {
    return status_make(errno == ENOENT ? STATUS_MISSING : STATUS_IO, errno, context);
}

static struct status read_all(int fd, uint8_t *out, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t got = read(fd, out + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return os_failure("reading a file");
        if (got == 0) return status_make(STATUS_IO, 0, "reading a file that shrank");
        done += (size_t)got;
    }
    return status_ok;
}

static struct status read_open(int fd, struct arena *arena, struct bytes *out, size_t size_max) {
    struct stat info;
    if (fstat(fd, &info) != 0) return os_failure("reading a file");
    if (!S_ISREG(info.st_mode)) return status_make(STATUS_IO, EISDIR, "reading a file");
    if ((uint64_t)info.st_size > size_max) {
        return status_make(STATUS_NO_SPACE, EFBIG, "reading a file that is too long");
    }
    uint8_t *data = arena_alloc_raw(arena, (size_t)info.st_size, 1);
    *out = (struct bytes){data, (size_t)info.st_size};
    return read_all(fd, data, out->len);
}

struct status file_read_whole(
    struct arena *arena, struct bytes *out, const char *path, size_t size_max
) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return os_failure("opening a file");
    const struct status status = read_open(fd, arena, out, size_max);
    (void)close(fd); /* only read: nothing can be lost */
    return status;
}

static struct status write_synced(int fd, struct bytes data) {
    size_t done = 0;
    while (done < data.len) {
        const ssize_t put = write(fd, data.data + done, data.len - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return os_failure("writing a file");
        done += (size_t)put;
    }
    return fsync(fd) == 0 ? status_ok : os_failure("writing a file");
}

struct status file_write_whole(const char *path, struct bytes data) {
    char beside[PATH_SIZE];
    const int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside) {
        return status_make(STATUS_IO, ENAMETOOLONG, "writing a file");
    }
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return os_failure("writing a file");
    struct status status = write_synced(fd, data);
    if (close(fd) != 0 && !failed(status)) status = os_failure("writing a file");
    if (!failed(status) && rename(beside, path) != 0) status = os_failure("writing a file");
    return status;
}

struct status file_make_directory(const char *path) {
    char part[PATH_SIZE];
    const int length = snprintf(part, sizeof part, "%s", path);
    if (length <= 0 || (size_t)length >= sizeof part) {
        return status_make(STATUS_IO, ENAMETOOLONG, "making a directory");
    }
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != '\0') continue;
        const char end = *p;
        *p = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) return os_failure("making a directory");
        *p = end;
        if (end == '\0') return status_ok;
    }
}
