/* A plain C face on PufferLib's pong.h, which the compiler finds in the cache. The upstream file is
   compiled as it is; nothing in it is replaced. */
#include "pong.h"

typedef struct {
    float paddle_yl, paddle_yr, ball_x, ball_y, ball_vx, ball_vy;
    int score_l, score_r;
    float observations[8];
    float reward;
    int terminal;
} Snapshot;

/* The parameters are those of the package's Python class, given by our spec. */
Pong *oracle_create(int frameskip, int continuous, int max_score, const float lengths[11]) {
    Pong *env = calloc(1, sizeof(Pong));
    env->frameskip = frameskip;
    env->continuous = continuous;
    env->max_score = max_score;
    env->width = lengths[0];
    env->height = lengths[1];
    env->paddle_width = lengths[2];
    env->paddle_height = lengths[3];
    env->ball_width = lengths[4];
    env->ball_height = lengths[5];
    env->paddle_speed = lengths[6];
    env->ball_initial_speed_x = lengths[7];
    env->ball_initial_speed_y = lengths[8];
    env->ball_max_speed_y = lengths[9];
    env->ball_speed_y_increment = lengths[10];
    allocate(env);
    return env;
}

void oracle_free(Pong *env) {
    free_allocated(env);
    free(env);
}

static void snapshot(const Pong *env, Snapshot *out) {
    out->paddle_yl = env->paddle_yl;
    out->paddle_yr = env->paddle_yr;
    out->ball_x = env->ball_x;
    out->ball_y = env->ball_y;
    out->ball_vx = env->ball_vx;
    out->ball_vy = env->ball_vy;
    out->score_l = (int)env->score_l;
    out->score_r = (int)env->score_r;
    for (int i = 0; i < 8; i++) out->observations[i] = env->observations[i];
    out->reward = env->rewards[0];
    out->terminal = env->terminals[0];
}

void oracle_reset(Pong *env, Snapshot *out) {
    c_reset(env);
    snapshot(env, out);
}

/* Upstream starts the next game itself, inside the step that ends one. */
void oracle_step(Pong *env, float action, Snapshot *out) {
    env->actions[0] = action;
    c_step(env);
    snapshot(env, out);
}

void oracle_srand(unsigned int seed) { srand(seed); }

/* The next `count` numbers of libc's generator. */
void oracle_rand(int count, int *out) {
    for (int i = 0; i < count; i++) out[i] = rand();
}
