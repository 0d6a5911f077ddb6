/* The table algorithm of boltzmann/kernels in C, for one block of particles: the yardstick of the speed
 * experiment. gcc -O3 -march=native vectorises the loops as it finds them. */
#include <stdint.h>

enum { LANES = 32 };

static void fill_words(uint64_t *restrict stream, uint64_t *restrict words, int count)
{
    uint64_t *a = stream, *b = stream + LANES, *c = stream + 2 * LANES;
    uint64_t counter = stream[3 * LANES];
    for (int row = 0; row < count / LANES; row++, counter++)
        for (int lane = 0; lane < LANES; lane++) {
            uint64_t word = a[lane] + b[lane] + counter;
            a[lane] = b[lane] ^ (b[lane] >> 11);
            b[lane] = c[lane] + (c[lane] << 3);
            c[lane] = ((c[lane] << 24) | (c[lane] >> 40)) + word;
            words[row * LANES + lane] = word;
        }
    for (int lane = 0; lane < LANES; lane++)
        stream[3 * LANES + lane] = counter;
}

/* K = 1 << bits levels; thresholds[i * K + j] is how far the fraction may go for i -> j. */
int64_t sweep_block(uint32_t *restrict state, int size, uint64_t *restrict stream, uint64_t *restrict words,
                    uint32_t *restrict limit, const uint32_t *restrict thresholds, int bits, int sweeps)
{
    int64_t moved = 0;
    const uint32_t *half = (const uint32_t *)words;
    for (int sweep = 0; sweep < sweeps; sweep++) {
        uint32_t hops = 0;
        fill_words(stream, words, size / 2);
        for (int n = 0; n < size; n++)
            limit[n] = thresholds[(state[n] << bits) | (half[n] >> (32 - bits))];
        for (int n = 0; n < size; n++) {
            uint32_t level = (half[n] << bits) < limit[n] ? half[n] >> (32 - bits) : state[n];
            hops += level != state[n];
            state[n] = level;
        }
        moved += hops;
    }
    return moved;
}
