/* core_memory: string.h's work on memory, for programs built with --core, which do much of it.
 *
 * The machine's loads and stores cost one cycle at any alignment, and a long copy is a call of the
 * machine (0x5050) at a cycle for 8 bytes; picolibc's functions know neither. Compiled with
 * -mno-strict-align, so that an unaligned word below is one instruction.
 */
#include <stddef.h>
#include <stdint.h>

enum { CALL_MEMCPY = 0x5050, NOT_IMPLEMENTED = -38, CALL_FROM = 64, WORD = 8 };

/* A word at any address, of any type. */
struct __attribute__((packed, may_alias)) word {
    uint64_t value;
};

static inline uint64_t load(const uint8_t *from) {
    return ((const struct word *)from)->value;
}

static inline void store(uint8_t *to, uint64_t value) {
    ((struct word *)to)->value = value;
}

/* False under qemu-riscv64, which does not have the call. */
static inline int copy_by_call(void *to, const void *from, size_t size) {
    register long a7 __asm__("a7") = CALL_MEMCPY;
    register void *a0 __asm__("a0") = to;
    register const void *a1 __asm__("a1") = from;
    register size_t a2 __asm__("a2") = size;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return (long)a0 != NOT_IMPLEMENTED;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (size >= CALL_FROM && copy_by_call(to, from, size)) return to;
    if (size >= WORD) {
        /* The last word first: it may overlap those before it, and needs no rest. */
        const uint64_t last = load(in + size - WORD);
        uint8_t *const end = out + size - WORD;
        while (out < end) {
            store(out, load(in));
            out += WORD;
            in += WORD;
        }
        store(end, last);
        return to;
    }
    while (size-- > 0) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out + size <= in || in + size <= out) return memcpy(to, from, size);
    if (out < in) {
        for (; size >= WORD; size -= WORD, out += WORD, in += WORD) {
            store(out, load(in));
        }
        while (size-- > 0) {
            *out++ = *in++;
        }
    } else {
        for (; size >= WORD; size -= WORD) {
            store(out + size - WORD, load(in + size - WORD));
        }
        while (size-- > 0) {
            out[size] = in[size];
        }
    }
    return to;
}

void *memset(void *to, int byte, size_t size) {
    uint8_t *out = to;
    const uint64_t value = (uint64_t)(uint8_t)byte * 0x0101010101010101u;
    if (size >= WORD) {
        uint8_t *const end = out + size - WORD;
        while ((size_t)(end - out) >= 8 * WORD && out < end) {
            store(out, value);
            store(out + WORD, value);
            store(out + 2 * WORD, value);
            store(out + 3 * WORD, value);
            store(out + 4 * WORD, value);
            store(out + 5 * WORD, value);
            store(out + 6 * WORD, value);
            store(out + 7 * WORD, value);
            out += 8 * WORD;
        }
        while (out < end) {
            store(out, value);
            out += WORD;
        }
        store(end, value);
        return to;
    }
    while (size-- > 0) {
        *out++ = (uint8_t)byte;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size) {
    const uint8_t *a = left;
    const uint8_t *b = right;
    while (size >= WORD && load(a) == load(b)) {
        a += WORD;
        b += WORD;
        size -= WORD;
    }
    for (; size > 0; size--, a++, b++) {
        if (*a != *b) return *a < *b ? -1 : 1;
    }
    return 0;
}
