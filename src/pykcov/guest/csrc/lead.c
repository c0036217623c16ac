/* The leader/followers pattern: which thread receives.
 *
 * One thread at a time receives: the leader. It handles each notification itself and then receives
 * again, so that usually no thread wakes another or waits for the GIL. The others are followers. One
 * of them takes over when the leader gives up the lead because it is going to block, or when the leader
 * has been busy with the same call for longer than PATIENCE.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <time.h>

#define PATIENCE (20 * 1000 * 1000)  /* nanoseconds */
#define SPARE 2  /* followers that are kept */

static void wait_a_while(struct listener *self)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += PATIENCE;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&self->changed, &self->lock, &until);
}

int lead(struct listener *self, unsigned long own)
{
    pthread_mutex_lock(&self->lock);
    if (self->leader != own) {
        int needed = self->followers < SPARE;
        self->followers++;
        unsigned long long seen = self->taken + 1;  /* so that the first look never overtakes */
        while (needed && self->leader != 0 && !self->over) {
            if (!self->receiving && self->taken == seen)
                break;
            seen = self->receiving ? self->taken + 1 : self->taken;
            wait_a_while(self);
        }
        self->followers--;
        if (!needed) {
            pthread_mutex_unlock(&self->lock);
            return 0;
        }
        self->leader = own;
    }
    self->receiving = 1;
    int over = self->over;
    pthread_mutex_unlock(&self->lock);
    return !over;
}

void received(struct listener *self, int over)
{
    pthread_mutex_lock(&self->lock);
    self->receiving = 0;
    self->taken++;
    if (over) {
        self->over = 1;
        self->leader = 0;
        pthread_cond_broadcast(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
}

PyObject *give_up(struct listener *self, PyObject *ignored)
{
    (void)ignored;
    pthread_mutex_lock(&self->lock);
    int led = self->leader == (unsigned long)pthread_self();
    if (led) {
        self->leader = 0;
        pthread_cond_signal(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
    return PyBool_FromLong(led);
}
