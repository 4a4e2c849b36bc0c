#include "crypto/modexp.h"

#include "crypto/cpu.h"

/* Numbers are arrays of limbs, least significant first. An odd modulus is worked with in Montgomery
 * form: x stands as x * R mod m, where R = 2^(64 n). An even one is 2^k * q with q odd: the power is
 * computed modulo q and modulo 2^k and put together by the Chinese remainder theorem. */

enum { WINDOW_MAX = 6, ADX_LIMBS_MIN = 6 };

struct exponent {
    struct bytes data; /* the bytes that are there; zeros follow up to len */
    size_t len;
    size_t bit_count; /* without leading zeros */
    bool use_adx;     /* how to compute */
};

/* The integers modulo an odd number, in Montgomery form, or modulo 2^(64 n), as they are. */
struct ring {
    size_t n;
    const uint64_t *modulus;  /* NULL for a power of two */
    uint64_t negated_inverse; /* -modulus^-1 mod 2^64 */
    uint64_t *product;        /* scratch of 2 n + 1 limbs */
    bool use_adx;
};

static size_t trimmed(const uint64_t *a, size_t n) {
    while (n > 0 && a[n - 1] == 0) {
        n--;
    }
    return n;
}

static bool limbs_less(const uint64_t *a, const uint64_t *b, size_t n) {
    while (n > 0) {
        n--;
        if (a[n] != b[n]) return a[n] < b[n];
    }
    return false;
}

/* out = a - b; answers the borrow. out may be a or b. */
static uint64_t limbs_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    uint64_t borrow = 0;
    for (size_t i = 0; i < n; i++) {
        const uint128 difference = (uint128)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

static uint64_t limbs_add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        const uint128 sum = (uint128)a[i] + b[i] + carry;
        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return carry;
}

/* The limbs below 2^(64 n) of a * b, where b has b_n limbs. out is neither a nor b. */
static void limbs_mul_low(
    uint64_t *out, const uint64_t *a, size_t a_n, const uint64_t *b, size_t b_n, size_t n
) {
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < a_n && i < n; i++) {
        uint64_t carry = 0;
        size_t j = 0;
        for (; j < b_n && i + j < n; j++) {
            const uint128 sum = (uint128)a[i] * b[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        if (i + j < n) out[i + j] = carry;
    }
}

/* -m^-1 mod 2^64 for odd m: each step of Newton's doubles the bits that are right, from 5. */
static uint64_t negated_inverse(uint64_t m) {
    uint64_t x = (3 * m) ^ 2;
    for (int i = 0; i < 4; i++) {
        x *= 2 - m * x;
    }
    return -x;
}

/* product (n + 1 limbs) = a * b / R, below 2 m. The row a * b[i] and the row u * m that clears the
 * lowest limb run side by side: two independent chains of carries. */
ALWAYS_INLINE void montgomery_rows(
    uint64_t *product,
    const uint64_t *a,
    const uint64_t *b,
    const uint64_t *m,
    size_t n,
    uint64_t inverse
) {
    memset(product, 0, (n + 1) * sizeof *product);
    for (size_t i = 0; i < n; i++) {
        const uint64_t digit = b[i];
        uint128 row = (uint128)a[0] * digit + product[0];
        const uint64_t u = (uint64_t)row * inverse;
        uint128 reduced = (uint128)m[0] * u + (uint64_t)row;
        for (size_t j = 1; j < n; j++) {
            row = (uint128)a[j] * digit + product[j] + (uint64_t)(row >> 64);
            reduced = (uint128)m[j] * u + (uint64_t)row + (uint64_t)(reduced >> 64);
            product[j - 1] = (uint64_t)reduced;
        }
        const uint128 top = (uint128)product[n] + (uint64_t)(row >> 64) + (uint64_t)(reduced >> 64);
        product[n - 1] = (uint64_t)top;
        product[n] = (uint64_t)(top >> 64);
    }
}

#if defined(__x86_64__)
/* t[0 … n) += a * digit; answers the carry. Four limbs a turn: the high halves of the products go up
 * one chain of carries (CF), t goes down the other (OF), and nothing in the loop disturbs either. */
static uint64_t row_adx(uint64_t *t, const uint64_t *a, size_t n, uint64_t digit) {
    uint64_t carry = 0;
    size_t head = n % 4;
    for (size_t i = 0; i < head; i++) {
        const uint128 sum = (uint128)a[i] * digit + t[i] + carry;
        t[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    uint64_t turns = n / 4;
    if (turns == 0) return carry;
    a += head;
    t += head;
    __asm__ volatile("xor %%r8, %%r8\n\t" /* clears both carries */
                     "1:\n\t"
                     "mulx (%[a]), %%r8, %%r9\n\t"
                     "adcx %[carry], %%r8\n\t"
                     "adox (%[t]), %%r8\n\t"
                     "mov %%r8, (%[t])\n\t"
                     "mulx 8(%[a]), %%r8, %[carry]\n\t"
                     "adcx %%r9, %%r8\n\t"
                     "adox 8(%[t]), %%r8\n\t"
                     "mov %%r8, 8(%[t])\n\t"
                     "mulx 16(%[a]), %%r8, %%r9\n\t"
                     "adcx %[carry], %%r8\n\t"
                     "adox 16(%[t]), %%r8\n\t"
                     "mov %%r8, 16(%[t])\n\t"
                     "mulx 24(%[a]), %%r8, %[carry]\n\t"
                     "adcx %%r9, %%r8\n\t"
                     "adox 24(%[t]), %%r8\n\t"
                     "mov %%r8, 24(%[t])\n\t"
                     "lea 32(%[a]), %[a]\n\t"
                     "lea 32(%[t]), %[t]\n\t"
                     "lea -1(%%rcx), %%rcx\n\t"
                     "jrcxz 2f\n\t"
                     "jmp 1b\n\t"
                     "2:\n\t"
                     "mov $0, %%r8d\n\t"
                     "adcx %%r8, %[carry]\n\t"
                     "adox %%r8, %[carry]\n\t"
                     : [a] "+r"(a), [t] "+r"(t), [carry] "+r"(carry), "+c"(turns)
                     : "d"(digit)
                     : "r8", "r9", "cc", "memory");
    return carry;
}

/* product (2 n limbs) = a * b */
static void multiply_adx(uint64_t *product, const uint64_t *a, const uint64_t *b, size_t n) {
    memset(product, 0, n * sizeof *product);
    for (size_t i = 0; i < n; i++) {
        product[n + i] = row_adx(product + i, a, n, b[i]);
    }
}

/* product (2 n limbs) = a * a: the products of different limbs once, doubled, and the squares. */
static void square_adx(uint64_t *product, const uint64_t *a, size_t n) {
    memset(product, 0, (n + 1) * sizeof *product);
    for (size_t i = 0; i + 1 < n; i++) {
        product[n + i] = row_adx(product + 2 * i + 1, a + i + 1, n - i - 1, a[i]);
    }
    product[2 * n - 1] = 0;
    uint64_t shifted_out = 0;
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        const uint128 square = (uint128)a[i] * a[i];
        const uint64_t low = product[2 * i];
        const uint64_t high = product[2 * i + 1];
        const uint128 sum_low = (uint128)(low << 1 | shifted_out) + (uint64_t)square + carry;
        const uint128 sum_high =
            (uint128)(high << 1 | low >> 63) + (uint64_t)(square >> 64) + (uint64_t)(sum_low >> 64);
        product[2 * i] = (uint64_t)sum_low;
        product[2 * i + 1] = (uint64_t)sum_high;
        carry = (uint64_t)(sum_high >> 64);
        shifted_out = high >> 63;
    }
}

/* The upper half of product, with the limb above it, becomes product / R mod m, below 2 m. */
static void reduce_adx(uint64_t *product, const uint64_t *m, size_t n, uint64_t inverse) {
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t row_carry = row_adx(product + i, m, n, product[i] * inverse);
        const uint128 sum = (uint128)product[n + i] + row_carry + carry;
        product[n + i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    product[2 * n] = carry;
}

static uint64_t *montgomery_adx(const struct ring *ring, const uint64_t *a, const uint64_t *b) {
    if (a == b) {
        square_adx(ring->product, a, ring->n);
    } else {
        multiply_adx(ring->product, a, b, ring->n);
    }
    reduce_adx(ring->product, ring->modulus, ring->n, ring->negated_inverse);
    return ring->product + ring->n;
}
#endif

/* a * b / R as n + 1 limbs, below 2 m, in the ring's scratch. */
static uint64_t *montgomery(const struct ring *ring, const uint64_t *a, const uint64_t *b) {
    const size_t n = ring->n;
#if defined(__x86_64__)
    if (ring->use_adx && n >= ADX_LIMBS_MIN) return montgomery_adx(ring, a, b);
#endif
    if (n == 4) { /* the commonest size, unrolled */
        montgomery_rows(ring->product, a, b, ring->modulus, 4, ring->negated_inverse);
    } else {
        montgomery_rows(ring->product, a, b, ring->modulus, n, ring->negated_inverse);
    }
    return ring->product;
}

/* out = a * b; out may be a or b. */
static void ring_mul(const struct ring *ring, uint64_t *out, const uint64_t *a, const uint64_t *b) {
    const size_t n = ring->n;
    if (ring->modulus == NULL) {
        limbs_mul_low(ring->product, a, n, b, n, n);
        memcpy(out, ring->product, n * sizeof *out);
        return;
    }
    const uint64_t *const product = montgomery(ring, a, b);
    if (product[n] != 0 || !limbs_less(product, ring->modulus, n)) {
        (void)limbs_sub(out, product, ring->modulus, n);
    } else {
        memcpy(out, product, n * sizeof *out);
    }
}

static uint64_t exponent_bit(const struct exponent *exponent, size_t index) {
    const size_t at = exponent->len - 1 - index / 8;
    return at < exponent->data.len ? exponent->data.data[at] >> (index % 8) & 1 : 0;
}

static size_t window_for(size_t bit_count) {
    if (bit_count > 671) return WINDOW_MAX;
    if (bit_count > 239) return 5;
    if (bit_count > 79) return 4;
    return bit_count > 23 ? 3 : 1;
}

/* result, which holds the ring's one, becomes base ^ exponent: sliding windows that begin and end
 * with a set bit, over a table of odd powers. */
static void ring_power(
    const struct ring *ring,
    struct arena *arena,
    uint64_t *result,
    const uint64_t *base,
    const struct exponent *exponent
) {
    const size_t n = ring->n;
    const size_t window = window_for(exponent->bit_count);
    const size_t odd_count = (size_t)1 << (window - 1);
    uint64_t *const odd_powers = ARENA_ARRAY(arena, uint64_t, odd_count * n);
    uint64_t *const square = ARENA_ARRAY(arena, uint64_t, n);
    memcpy(odd_powers, base, n * sizeof *base);
    if (odd_count > 1) ring_mul(ring, square, base, base);
    for (size_t i = 1; i < odd_count; i++) {
        ring_mul(ring, odd_powers + i * n, odd_powers + (i - 1) * n, square);
    }

    bool is_one = true;
    size_t left = exponent->bit_count; /* bits not yet worked in */
    while (left > 0) {
        if (exponent_bit(exponent, left - 1) == 0) {
            ring_mul(ring, result, result, result);
            left--;
            continue;
        }
        size_t low = left > window ? left - window : 0;
        while (exponent_bit(exponent, low) == 0) {
            low++;
        }
        uint64_t digit = 0;
        for (; left > low; left--) {
            digit = digit << 1 | exponent_bit(exponent, left - 1);
            if (!is_one) ring_mul(ring, result, result, result);
        }
        const uint64_t *const power = odd_powers + digit / 2 * n;
        if (is_one) {
            memcpy(result, power, n * sizeof *result);
        } else {
            ring_mul(ring, result, result, power);
        }
        is_one = false;
    }
}

/* x = 2 x mod m, for x < m. */
static void double_mod(uint64_t *x, const uint64_t *m, size_t n) {
    const uint64_t carry = limbs_add(x, x, x, n);
    if (carry != 0 || !limbs_less(x, m, n)) (void)limbs_sub(x, x, m, n);
}

/* one = R mod m, square = R^2 mod m. m has n limbs, the last of them not zero. */
static void montgomery_constants(const struct ring *ring, uint64_t *one, uint64_t *square) {
    const size_t n = ring->n;
    const unsigned top_bit = 63 - (unsigned)__builtin_clzll(ring->modulus[n - 1]);
    memset(one, 0, n * sizeof *one);
    one[n - 1] = (uint64_t)1 << top_bit; /* at most m, and m is odd: below it unless m is 1 */
    for (unsigned i = top_bit; i < 64; i++) {
        double_mod(one, ring->modulus, n);
    }
    /* 2^e stands as 2^e R; from e = 0, squaring doubles e and doubling adds one, up to 64 n. */
    const uint64_t target = (uint64_t)n * 64;
    memcpy(square, one, n * sizeof *one);
    for (unsigned bit = 64 - (unsigned)__builtin_clzll(target); bit > 0; bit--) {
        ring_mul(ring, square, square, square);
        if ((target >> (bit - 1) & 1) != 0) double_mod(square, ring->modulus, n);
    }
}

/* out (n limbs) = base ^ exponent mod m, for odd m > 1 of n limbs without leading zeros. */
static void power_mod_odd(
    struct arena *arena,
    uint64_t *out,
    const uint64_t *base,
    size_t base_n,
    const uint64_t *m,
    size_t n,
    const struct exponent *exponent
) {
    uint64_t *const scratch = ARENA_ARRAY(arena, uint64_t, 6 * n + 1);
    uint64_t *const one = scratch;
    uint64_t *const square = scratch + n;
    uint64_t *const reduced = scratch + 2 * n;
    uint64_t *const part = scratch + 3 * n;
    const struct ring ring = {n, m, negated_inverse(m[0]), scratch + 4 * n, exponent->use_adx};
    montgomery_constants(&ring, one, square);

    /* The base's digits in base R, from the highest: reduced = reduced * R + digit. */
    for (size_t digit = (base_n + n - 1) / n; digit > 0; digit--) {
        const size_t at = (digit - 1) * n;
        const size_t len = base_n - at < n ? base_n - at : n;
        memset(part, 0, n * sizeof *part);
        memcpy(part, base + at, len * sizeof *part);
        ring_mul(&ring, reduced, reduced, square);
        ring_mul(&ring, part, part, square);
        const uint64_t carry = limbs_add(reduced, reduced, part, n);
        if (carry != 0 || !limbs_less(reduced, m, n)) (void)limbs_sub(reduced, reduced, m, n);
    }
    memcpy(out, one, n * sizeof *out);
    ring_power(&ring, arena, out, reduced, exponent);

    memset(part, 0, n * sizeof *part);
    part[0] = 1;
    ring_mul(&ring, out, out, part);
}

static void keep_low_bits(uint64_t *a, size_t n, size_t bit_count) {
    const unsigned rest = bit_count % 64;
    if (rest != 0) a[n - 1] &= ((uint64_t)1 << rest) - 1;
}

/* out (n = ceil(bit_count / 64) limbs) = base ^ exponent mod 2^bit_count. */
static void power_mod_two(
    struct arena *arena,
    uint64_t *out,
    const uint64_t *base,
    size_t base_n,
    size_t bit_count,
    const struct exponent *exponent
) {
    const size_t n = (bit_count + 63) / 64;
    uint64_t *const low = ARENA_ARRAY(arena, uint64_t, n);
    const struct ring ring = {n, NULL, 0, ARENA_ARRAY(arena, uint64_t, n), false};
    memcpy(low, base, (base_n < n ? base_n : n) * sizeof *low);
    memset(out, 0, n * sizeof *out);
    out[0] = 1;
    ring_power(&ring, arena, out, low, exponent);
    keep_low_bits(out, n, bit_count);
}

/* inverse (n limbs) = odd^-1 mod 2^(64 n), by Newton's x (2 - odd x), which doubles the limbs. */
static void invert_mod_two(
    struct arena *arena, uint64_t *inverse, const uint64_t *odd, size_t odd_n, size_t n
) {
    uint64_t *const product = ARENA_ARRAY(arena, uint64_t, n);
    uint64_t *const next = ARENA_ARRAY(arena, uint64_t, n);
    memset(inverse, 0, n * sizeof *inverse);
    inverse[0] = -negated_inverse(odd[0]);
    for (size_t have = 1; have < n;) {
        const size_t want = 2 * have < n ? 2 * have : n;
        limbs_mul_low(product, odd, odd_n, inverse, have, want);
        /* 2 - product, as its complement plus 3 */
        uint64_t carry = 3;
        for (size_t i = 0; i < want; i++) {
            const uint128 sum = (uint128)~product[i] + carry;
            product[i] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        limbs_mul_low(next, inverse, have, product, want, want);
        memcpy(inverse, next, want * sizeof *next);
        have = want;
    }
}

/* out (n limbs) = base ^ exponent mod m for even m > 0 of n limbs without leading zeros. */
static void power_mod_even(
    struct arena *arena,
    uint64_t *out,
    const uint64_t *base,
    size_t base_n,
    const uint64_t *m,
    size_t n,
    const struct exponent *exponent
) {
    size_t zero_limbs = 0;
    while (m[zero_limbs] == 0) {
        zero_limbs++;
    }
    const unsigned zero_bits = (unsigned)__builtin_ctzll(m[zero_limbs]);
    const size_t two_bits = 64 * zero_limbs + zero_bits;
    const size_t two_n = (two_bits + 63) / 64;
    uint64_t *const odd = ARENA_ARRAY(arena, uint64_t, n);
    for (size_t i = zero_limbs; i < n; i++) {
        const uint64_t above = i + 1 < n && zero_bits != 0 ? m[i + 1] << (64 - zero_bits) : 0;
        odd[i - zero_limbs] = m[i] >> zero_bits | above;
    }
    const size_t odd_n = trimmed(odd, n);
    uint64_t *const by_two = ARENA_ARRAY(arena, uint64_t, n + 1);
    power_mod_two(arena, by_two, base, base_n, two_bits, exponent);
    if (odd_n == 1 && odd[0] == 1) {
        memcpy(out, by_two, n * sizeof *out);
        return;
    }
    /* x = a + q ((b - a) q^-1 mod 2^k), for x = a mod q and x = b mod 2^k */
    uint64_t *const by_odd = ARENA_ARRAY(arena, uint64_t, n);
    uint64_t *const inverse = ARENA_ARRAY(arena, uint64_t, two_n);
    uint64_t *const factor = ARENA_ARRAY(arena, uint64_t, two_n);
    power_mod_odd(arena, by_odd, base, base_n, odd, odd_n, exponent);
    invert_mod_two(arena, inverse, odd, odd_n, two_n);
    (void)limbs_sub(by_two, by_two, by_odd, two_n);
    limbs_mul_low(factor, by_two, two_n, inverse, two_n, two_n);
    keep_low_bits(factor, two_n, two_bits);
    limbs_mul_low(out, odd, odd_n, factor, two_n, n);
    (void)limbs_add(out, out, by_odd, n);
}

/* The part of data from at on, at most len bytes. */
static struct bytes part_of(struct bytes data, size_t at, size_t len) {
    if (at >= data.len) return (struct bytes){NULL, 0};
    return bytes_slice(data, at, len < data.len - at ? len : data.len - at);
}

/* Limbs of a big-endian number of len bytes, of which the first are there and the rest are 0. */
static uint64_t *read_number(struct arena *arena, size_t *n, struct bytes there, size_t len) {
    const size_t limb_count = (len + 7) / 8;
    uint64_t *const limbs = ARENA_ARRAY(arena, uint64_t, limb_count);
    for (size_t i = 0; i < there.len; i++) {
        const size_t position = len - 1 - i;
        limbs[position / 8] |= (uint64_t)there.data[i] << (8 * (position % 8));
    }
    *n = trimmed(limbs, limb_count);
    return limbs;
}

static struct exponent read_exponent(struct bytes there, size_t len) {
    size_t zeros = 0;
    while (zeros < there.len && there.data[zeros] == 0) {
        zeros++;
    }
    if (zeros == there.len) return (struct exponent){there, len, 0, false};
    ASSERT(len <= SIZE_MAX / 8); /* nobody can have paid for more */
    const size_t top_bits = 32 - (size_t)__builtin_clz(there.data[zeros]);
    return (struct exponent){there, len, 8 * (len - zeros - 1) + top_bits, false};
}

static void run(struct arena *arena, uint8_t *out, const struct modexp_input *input, bool use_adx) {
    ASSERT(input->base_len <= MODEXP_SIZE_MAX && input->modulus_len <= MODEXP_SIZE_MAX);
    const struct arena_mark mark = arena_mark(arena);
    const size_t exponent_at = input->base_len;
    size_t modulus_at = 0;
    if (__builtin_add_overflow(exponent_at, input->exponent_len, &modulus_at)) {
        modulus_at = SIZE_MAX;
    }

    if (input->modulus_len == 0) return;
    memset(out, 0, input->modulus_len);
    const struct bytes modulus_bytes = part_of(input->data, modulus_at, input->modulus_len);
    size_t n = 0;
    const uint64_t *const m = read_number(arena, &n, modulus_bytes, input->modulus_len);
    if (n > 1 || (n == 1 && m[0] > 1)) {
        const struct bytes base_bytes = part_of(input->data, 0, input->base_len);
        struct exponent exponent = read_exponent(
            part_of(input->data, exponent_at, input->exponent_len), input->exponent_len
        );
        exponent.use_adx = use_adx;
        size_t base_n = 0;
        const uint64_t *const base = read_number(arena, &base_n, base_bytes, input->base_len);
        uint64_t *const result = ARENA_ARRAY(arena, uint64_t, n);
        if (m[0] % 2 == 1) {
            power_mod_odd(arena, result, base, base_n, m, n, &exponent);
        } else {
            power_mod_even(arena, result, base, base_n, m, n, &exponent);
        }
        for (size_t i = 0; i < input->modulus_len && i / 8 < n; i++) {
            out[input->modulus_len - 1 - i] = (uint8_t)(result[i / 8] >> (8 * (i % 8)));
        }
    }
    arena_rewind(arena, mark);
}

void modexp(struct arena *arena, uint8_t *out, const struct modexp_input *input) {
    run(arena, out, input, cpu_has_adx());
}

void modexp_portable(struct arena *arena, uint8_t *out, const struct modexp_input *input) {
    run(arena, out, input, false);
}
