/*
 * Preloaded into a server under test: keeps an undo log of every write that was not yet
 * synced, so that the harness can take those writes back after kill -9, as a loss of power
 * would. The kernel survives the kill, so the log itself needs no syncing.
 *
 * SHIM_DIR   absolute path of the folder whose files are watched
 * SHIM_LOG   folder for the logs, one file per inode: <inode>.undo
 *
 * A log is a sequence of records, native endianness, each written with one write before
 * the change that it undoes:
 *     u64 size of the file before, u64 offset, u64 length, length old bytes
 * A sync empties the log of its file. All of this happens under one lock, so that a log
 * and its file never disagree. Names are taken to be durable at once (a journaling file
 * system keeps their order); mapped memory is not watched: the harness deletes SQLite's
 * -shm, which a restart rebuilds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The real calls, past our own names. */
static ssize_t real_pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

static ssize_t real_pread(int fd, void *bytes, size_t count, off_t at) {
    return syscall(SYS_pread64, fd, bytes, count, at);
}

static void fail(const char *what) {
    /* A shim that fails silently would prove nothing. */
    dprintf(2, "discard shim: %s: %s\n", what, strerror(errno));
    abort();
}

static const char *setting(const char *name) {
    const char *value = getenv(name);
    if (!value || !*value) {
        errno = EINVAL;
        fail(name);
    }
    return value;
}

static int is_below_watched(const char *path) {
    const char *dir = setting("SHIM_DIR");
    size_t length = strlen(dir);
    return strncmp(path, dir, length) == 0 && path[length] == '/';
}

/* Whether the descriptor is a regular file below SHIM_DIR; fills in its state. */
static int is_watched(int fd, struct stat *state) {
    char link[64], path[PATH_MAX];
    if (fstat(fd, state) != 0 || !S_ISREG(state->st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below_watched(path);
}

static void log_path(char *path, size_t size, ino_t inode) {
    snprintf(path, size, "%s/%llu.undo", setting("SHIM_LOG"), (unsigned long long)inode);
}

/* Notes the bytes [at, at + count) and the size, before they change. */
static void note(int fd, const struct stat *state, off_t at, size_t count) {
    size_t old = 0;
    if (at < state->st_size) {
        old = (size_t)(state->st_size - at);
        if (old > count) old = count;
    }
    unsigned char *record = malloc(24 + old);
    if (!record) fail("malloc");
    uint64_t head[3] = {(uint64_t)state->st_size, (uint64_t)at, (uint64_t)old};
    memcpy(record, head, 24);
    if (old) {
        /* The descriptor may be for writing only. */
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int reader = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
        if (reader < 0) fail("open to read old bytes");
        if (real_pread(reader, record + 24, old, at) != (ssize_t)old) fail("read old bytes");
        syscall(SYS_close, reader);
    }
    char path[PATH_MAX];
    log_path(path, sizeof path, state->st_ino);
    int log = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) fail(path);
    if (syscall(SYS_write, log, record, 24 + old) != (ssize_t)(24 + old)) fail("write undo record");
    syscall(SYS_close, log);
    free(record);
}

static void forget(ino_t inode) {
    char path[PATH_MAX];
    log_path(path, sizeof path, inode);
    if (syscall(SYS_unlinkat, AT_FDCWD, path, 0) != 0 && errno != ENOENT) fail("forget undo log");
}

/* Where a plain write goes. */
static off_t cursor(int fd, const struct stat *state) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_APPEND) ? state->st_size : lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    struct stat state;
    if (!is_watched(fd, &state)) return syscall(SYS_write, fd, bytes, count);
    pthread_mutex_lock(&lock);
    fstat(fd, &state);
    note(fd, &state, cursor(fd, &state), count);
    ssize_t written = syscall(SYS_write, fd, bytes, count);
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
    struct stat state;
    if (!is_watched(fd, &state)) return syscall(SYS_writev, fd, parts, n);
    size_t count = 0;
    for (int i = 0; i < n; i++) count += parts[i].iov_len;
    pthread_mutex_lock(&lock);
    fstat(fd, &state);
    note(fd, &state, cursor(fd, &state), count);
    ssize_t written = syscall(SYS_writev, fd, parts, n);
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    struct stat state;
    if (!is_watched(fd, &state)) return real_pwrite(fd, bytes, count, at);
    pthread_mutex_lock(&lock);
    fstat(fd, &state);
    note(fd, &state, at, count);
    ssize_t written = real_pwrite(fd, bytes, count, at);
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return pwrite64(fd, bytes, count, at);
}

int ftruncate64(int fd, off64_t size) {
    struct stat state;
    if (!is_watched(fd, &state)) return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    fstat(fd, &state);
    note(fd, &state, size, size < state.st_size ? (size_t)(state.st_size - size) : 0);
    int result = syscall(SYS_ftruncate, fd, size);
    int saved = errno;
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int ftruncate(int fd, off_t size) {
    return ftruncate64(fd, size);
}

static int synced(int fd, long call) {
    struct stat state;
    if (!is_watched(fd, &state)) return syscall(call, fd);
    pthread_mutex_lock(&lock);
    int result = syscall(call, fd);
    int saved = errno;
    if (result == 0) forget(state.st_ino);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int fsync(int fd) {
    return synced(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return synced(fd, SYS_fdatasync);
}

/* An inode that loses its last name may be reused: its log must not hit the next file. */
static void forget_last_name(const struct stat *state) {
    if (S_ISREG(state->st_mode) && state->st_nlink == 1) forget(state->st_ino);
}

int unlink(const char *path) {
    char resolved[PATH_MAX];
    struct stat state;
    int watched = realpath(path, resolved) && is_below_watched(resolved) && lstat(path, &state) == 0;
    pthread_mutex_lock(&lock);
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int saved = errno;
    if (result == 0 && watched) forget_last_name(&state);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

int rename(const char *from, const char *to) {
    char resolved[PATH_MAX];
    struct stat state;
    int replaces = realpath(to, resolved) && is_below_watched(resolved) && lstat(to, &state) == 0;
    pthread_mutex_lock(&lock);
    int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int saved = errno;
    if (result == 0 && replaces) forget_last_name(&state);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return result;
}

/* Opening with O_TRUNC empties a file without any other call. */
static int opened(int dir, const char *path, int flags, mode_t mode) {
    if (flags & O_TRUNC) {
        int fd = syscall(SYS_openat, dir, path, (flags & ~(O_TRUNC | O_CREAT | O_EXCL)) | O_CLOEXEC, 0);
        struct stat state;
        if (fd >= 0 && is_watched(fd, &state)) {
            pthread_mutex_lock(&lock);
            note(fd, &state, 0, (size_t)state.st_size);
            pthread_mutex_unlock(&lock);
        }
        if (fd >= 0) syscall(SYS_close, fd);
    }
    return syscall(SYS_openat, dir, path, flags, mode);
}

#define MODE_OF(flags, mode)                              \
    mode_t mode = 0;                                      \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                \
        va_list more;                                     \
        va_start(more, flags);                            \
        mode = va_arg(more, mode_t);                      \
        va_end(more);                                     \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(dir, path, flags, mode);
}
