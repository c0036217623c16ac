#ifndef PYKCOV_STAGE_H
#define PYKCOV_STAGE_H

/* How far the guest has come. A step that fails leaves its name here, and `error` says why; launch.c
 * has the names that users see. launch.py knows the number of NO_EXEC. */
enum stage {
    STARTING, LISTENING, NO_FORK, NO_FILTER, NO_EXEC, NO_PRIVILEGES, NO_SUBREAPER, NO_SIGNALFD,
    NO_CLOSE, NO_POLL, NO_KILL, NO_WAIT, NO_SEND,
};

#endif
