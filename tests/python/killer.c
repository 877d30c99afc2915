/* killer N CALLS COMMAND...: runs the command and kills it with SIGKILL as it enters the N-th system call that changes what
 * is on the disk or makes it durable, counted over all its threads. Ends with 99 if it killed it, else with what the
 * command ended with. The names of the calls go to the file CALLS, a line for each. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name_of(unsigned long long number) {
    switch (number) {
#ifdef SYS_rename
    case SYS_rename: return "rename";
    case SYS_unlink: return "unlink";
    case SYS_rmdir: return "rmdir";
    case SYS_mkdir: return "mkdir";
#endif
    case SYS_renameat: return "renameat";
    case SYS_renameat2: return "renameat2";
    case SYS_unlinkat: return "unlinkat";
    case SYS_mkdirat: return "mkdirat";
    case SYS_fsync: return "fsync";
    case SYS_fdatasync: return "fdatasync";
    case SYS_ftruncate: return "ftruncate";
    case SYS_pwrite64: return "pwrite64";
    default: return NULL;
    }
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    long left = atol(argv[1]);
    FILE *calls = fopen(argv[2], "we");
    if (calls == NULL) return 98;
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) return 98;
    if (ptrace(PTRACE_SETOPTIONS, child, 0,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) != 0) {
        perror("ptrace");
        return 98;
    }
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    for (;;) {
        pid_t one = waitpid(-1, &status, __WALL);
        if (one < 0) return errno == EINTR ? 97 : 98;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (one != child) continue;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 96;
        }
        int sent = WSTOPSIG(status);
        if (sent == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info info;
            sent = 0;
            if (ptrace(PTRACE_GET_SYSCALL_INFO, one, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY) {
                const char *name = name_of(info.entry.nr);
                if (name != NULL) {
                    fprintf(calls, "%s\n", name);
                    fflush(calls);
                    if (--left == 0) {
                        kill(child, SIGKILL);
                        while (waitpid(-1, &status, __WALL) > 0) {}
                        return 99;
                    }
                }
            }
        } else if (sent == SIGTRAP || sent == SIGSTOP) {
            sent = 0; /* a new thread, or the new program */
        }
        ptrace(PTRACE_SYSCALL, one, 0, sent);
    }
}
