/* A program that embeds Python, and gives thread states from one OS thread to another. */
#include <Python.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

/* An OS thread that does one thing at a time: attach a thread state, run Python, let go of it. */
struct worker {
    pthread_t thread;
    sem_t begin, done;
    PyThreadState *state;
    const char *program; /* NULL: end */
    int delete;          /* the thread state, afterwards */
};

static int failures;

static void run(const char *program)
{
    if (PyRun_SimpleString(program) != 0)
        failures++;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    for (;;) {
        sem_wait(&w->begin);
        if (w->program == NULL)
            return NULL;
        PyEval_RestoreThread(w->state);
        run(w->program);
        if (w->delete) {
            PyThreadState_Clear(w->state);
            PyThreadState_DeleteCurrent();
        } else {
            PyEval_SaveThread();
        }
        sem_post(&w->done);
    }
}

static void start(struct worker *w)
{
    sem_init(&w->begin, 0, 0);
    sem_init(&w->done, 0, 0);
    if (pthread_create(&w->thread, NULL, work, w) != 0)
        failures++;
}

static void let(struct worker *w, PyThreadState *state, const char *program, int delete)
{
    w->state = state, w->program = program, w->delete = delete;
    sem_post(&w->begin);
    sem_wait(&w->done);
}

static void end(struct worker *w)
{
    w->program = NULL;
    sem_post(&w->begin);
    pthread_join(w->thread, NULL);
}

/* embedder LIVES SETUP END [WHO STATE PROGRAM]...: initialize Python so often; each time run SETUP on
 * the main thread, each PROGRAM on OS thread WHO ("A", "B") with thread state STATE ("1", "2"; "1-"
 * deletes it afterwards), and END on the main thread. A and B live as long as the process. */
int main(int argc, char **argv)
{
    struct worker workers[2];
    if (argc < 4 || argc % 3 != 1)
        return 2;
    start(&workers[0]);
    start(&workers[1]);
    for (int life = atoi(argv[1]); life > 0; life--) {
        Py_InitializeEx(0);
        run(argv[2]);
        PyInterpreterState *interpreter = PyInterpreterState_Get();
        PyThreadState *states[2] = {PyThreadState_New(interpreter), PyThreadState_New(interpreter)};
        PyThreadState *here = PyEval_SaveThread();
        for (int n = 4; n < argc; n += 3)
            let(&workers[argv[n][0] - 'A'], states[argv[n + 1][0] - '1'], argv[n + 2],
                argv[n + 1][1] == '-');
        PyEval_RestoreThread(here);
        run(argv[3]);
        if (Py_FinalizeEx() != 0)
            failures++;
    }
    end(&workers[0]);
    end(&workers[1]);
    return failures != 0;
}
