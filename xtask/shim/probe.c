/*
 * Proves that the shim bites: writes and syncs "kept", then overwrites, appends, truncates
 * and empties without syncing, and dies by SIGKILL. argv: four files.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int kept(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || write(fd, "kept", 4) != 4 || fdatasync(fd) != 0) _exit(1);
    return fd;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int overwritten = kept(argv[1]);
    if (pwrite(overwritten, "lost", 4, 0) != 4 || pwrite(overwritten, "!", 1, 9) != 1) return 1;
    int appended = kept(argv[2]);
    if (write(appended, " lost", 5) != 5 || pwrite(appended, "X", 1, 0) != 1) return 1;
    int shortened = kept(argv[3]);
    if (ftruncate(shortened, 1) != 0 || pwrite(shortened, "ZZ", 2, 1) != 2) return 1;
    close(kept(argv[4]));
    if (open(argv[4], O_WRONLY | O_TRUNC) < 0) return 1;
    return raise(SIGKILL);
}
