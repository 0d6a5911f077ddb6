/* One move of an independent particle in C, as fast as we know how: the yardsticks of moves.py.
 *
 * gcc -O3 -march=native. Blocks of particles stay in the first-level cache, the generators (sfc64, 32
 * lanes) in registers, and tables are read by the compiler's vector types or by the processor's
 * gathers. Every routine attempts `sweeps` moves of every particle; N is a multiple of BLOCK. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <immintrin.h>

enum { BLOCK = 2048, LANES = 32 };
typedef struct { __m256i a, b, c, counter; } column; /* four lanes, eight particles a row */

static void seed(column *out, uint64_t key)
{
    uint64_t *words = (uint64_t *)out;
    for (int i = 0; i < 12; i++) { /* splitmix64 */
        uint64_t z = key += 0x9E3779B97F4A7C15ULL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        words[i] = z ^ (z >> 31);
    }
    out->counter = _mm256_set1_epi64x(1);
}

static inline __attribute__((always_inline)) __m256i next(column *g)
{
    __m256i word = _mm256_add_epi64(_mm256_add_epi64(g->a, g->b), g->counter);
    g->a = _mm256_xor_si256(g->b, _mm256_srli_epi64(g->b, 11));
    g->b = _mm256_add_epi64(g->c, _mm256_slli_epi64(g->c, 3));
    g->c = _mm256_add_epi64(_mm256_or_si256(_mm256_slli_epi64(g->c, 24), _mm256_srli_epi64(g->c, 40)), word);
    g->counter = _mm256_add_epi64(g->counter, _mm256_set1_epi64x(1));
    return word;
}

static inline __m256i below(__m256i x, __m256i limit) /* unsigned x < limit: all ones, or zeros */
{
    return _mm256_andnot_si256(_mm256_cmpeq_epi32(_mm256_max_epu32(x, limit), x), _mm256_set1_epi32(-1));
}

/* A sweep of every block, column by column: `move` gives `to` from `here` and `word`. */
#define SWEEPS(...)                                                                            \
    int64_t moved = 0;                                                                         \
    for (size_t block = 0; block < N / BLOCK; block++) {                                       \
        column lanes[LANES / 4];                                                               \
        for (int k = 0; k < LANES / 4; k++) seed(lanes + k, key + 1000 * block + k);           \
        uint32_t *state = states + block * BLOCK;                                              \
        for (int sweep = 0; sweep < sweeps; sweep++)                                           \
            for (int k = 0; k < LANES / 4; k++) {                                              \
                column g = lanes[k];                                                           \
                __m256i stayed = _mm256_setzero_si256();                                       \
                for (int p = 8 * k; p < BLOCK; p += 2 * LANES) {                               \
                    __m256i word = next(&g), to;                                               \
                    __m256i here = _mm256_loadu_si256((const __m256i *)(state + p));           \
                    __VA_ARGS__                                                                \
                    stayed = _mm256_sub_epi32(stayed, _mm256_cmpeq_epi32(to, here));           \
                    _mm256_storeu_si256((__m256i *)(state + p), to);                           \
                }                                                                              \
                lanes[k] = g;                                                                  \
                uint32_t each[8];                                                              \
                _mm256_storeu_si256((__m256i *)each, stayed);                                  \
                for (int i = 0; i < 8; i++) moved += BLOCK / (2 * LANES) - each[i];            \
            }                                                                                  \
    }                                                                                          \
    return moved;

#define GATHER(table, at) _mm256_i32gather_epi32((const int *)(table), at, 4)
#define PRODUCT                                                                                \
    __m256i even = _mm256_mul_epu32(word, buckets);                                            \
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(word, 32), buckets);                      \
    __m256i bucket = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);               \
    __m256i fraction = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
#define BITS                                                                                   \
    __m256i bucket = _mm256_srl_epi32(word, right), fraction = _mm256_sll_epi32(word, left);
#define SHIFTS                                                                                 \
    __m128i left = _mm_cvtsi32_si128(bits), right = _mm_cvtsi32_si128(32 - bits);

/* Uniform proposals among 2^bits levels; thresholds[i << bits | j]. */
int64_t uniform_bits(uint32_t *states, size_t N, const uint32_t *thresholds, int bits, int sweeps, uint64_t key)
{
    SHIFTS
    SWEEPS(BITS
           __m256i limit = GATHER(thresholds, _mm256_or_si256(_mm256_sll_epi32(here, left), bucket));
           to = _mm256_blendv_epi8(here, bucket, below(fraction, limit));)
}

/* The same for two levels: the four thresholds stay in a register. */
int64_t uniform_two(uint32_t *states, size_t N, const uint32_t *thresholds, int bits, int sweeps, uint64_t key)
{
    SHIFTS
    uint32_t few[8] = {0};
    memcpy(few, thresholds, 16);
    __m256i table = _mm256_loadu_si256((const __m256i *)few);
    SWEEPS(BITS
           __m256i limit = _mm256_permutevar8x32_epi32(table, _mm256_or_si256(_mm256_sll_epi32(here, left), bucket));
           to = _mm256_blendv_epi8(here, bucket, below(fraction, limit));)
}

/* Any number of levels, by Lemire's product; the few words that he draws again are left out. */
int64_t uniform_any(uint32_t *states, size_t N, const uint32_t *thresholds, int K, int sweeps, uint64_t key)
{
    __m256i buckets = _mm256_set1_epi64x(K), row = _mm256_set1_epi32(K);
    SWEEPS(PRODUCT
           __m256i limit = GATHER(thresholds, _mm256_add_epi32(_mm256_mullo_epi32(here, row), bucket));
           to = _mm256_blendv_epi8(here, bucket, below(fraction, limit));)
}

/* Many levels, 2^bits, in single precision: accept where u w_i < w_j, or u (w_i + w_j) < w_j. */
#define WEIGHTS(scale)                                                                                            \
    SHIFTS                                                                                                        \
    SWEEPS(BITS                                                                                                   \
           float *place = carried + block * BLOCK + p; /* the weights of the present levels */                    \
           __m256 own = _mm256_loadu_ps(place), other = _mm256_i32gather_ps(weights, bucket, 4);                  \
           __m256 u = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srli_epi32(fraction, 8)), _mm256_set1_ps(0x1p-24f)); \
           __m256i accept = _mm256_castps_si256(_mm256_cmp_ps(_mm256_mul_ps(u, scale), other, _CMP_LT_OQ));       \
           _mm256_storeu_ps(place, _mm256_blendv_ps(own, other, _mm256_castsi256_ps(accept)));                    \
           to = _mm256_blendv_epi8(here, bucket, accept);)

int64_t weights_metropolis(uint32_t *states, size_t N, const float *weights, int bits, int sweeps, uint64_t key,
                           float *carried)
{
    WEIGHTS(own)
}

int64_t weights_glauber(uint32_t *states, size_t N, const float *weights, int bits, int sweeps, uint64_t key,
                        float *carried)
{
    WEIGHTS(_mm256_add_ps(own, other))
}

/* Neighbours: thresholds[2 i] to go down, [2 i + 1] to go up. */
int64_t neighbour(uint32_t *states, size_t N, const uint32_t *thresholds, int unused, int sweeps, uint64_t key)
{
    SWEEPS(__m256i up = _mm256_srli_epi32(word, 31), fraction = _mm256_slli_epi32(word, 1);
           __m256i limit = GATHER(thresholds, _mm256_add_epi32(_mm256_add_epi32(here, here), up));
           __m256i next_to = _mm256_sub_epi32(_mm256_add_epi32(here, _mm256_add_epi32(up, up)), _mm256_set1_epi32(1));
           to = _mm256_blendv_epi8(here, next_to, below(fraction, limit));)
}

/* Alias tables of 64-bit entries, fraction << 32 | level << 16 | otherwise. */
#define ALIAS(at)                                                                              \
    __m256i low = _mm256_i32gather_epi64((const long long *)table, _mm256_castsi256_si128(at), 8);       \
    __m256i high = _mm256_i32gather_epi64((const long long *)table, _mm256_extracti128_si256(at, 1), 8); \
    __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);                                 \
    low = _mm256_permutevar8x32_epi32(low, order);                                             \
    high = _mm256_permutevar8x32_epi32(high, order);                                           \
    __m256i levels = _mm256_permute2x128_si256(low, high, 0x20);                               \
    __m256i limit = _mm256_permute2x128_si256(low, high, 0x31);                                \
    to = _mm256_blendv_epi8(_mm256_srli_epi32(levels, 16), _mm256_and_si256(levels, _mm256_set1_epi32(0xFFFF)), \
                            below(limit, fraction));

int64_t alias_bits(uint32_t *states, size_t N, const uint64_t *table, int bits, int sweeps, uint64_t key)
{
    SHIFTS
    SWEEPS(BITS __m256i at = _mm256_or_si256(_mm256_sll_epi32(here, left), bucket); ALIAS(at))
}

int64_t alias_one_row(uint32_t *states, size_t N, const uint64_t *table, int bits, int sweeps, uint64_t key)
{
    SHIFTS
    SWEEPS(BITS ALIAS(bucket))
}
