/* test: programs and memory for the machine's own tests, fuzzers and benchmarks.
 *
 * A test writes instructions into a struct test_text with the rv_encode shorthands below, wraps
 * them in an ELF image and runs them. Not part of the layer: only programs include this.
 */
#ifndef MACHINE_TEST_H
#define MACHINE_TEST_H

#include "base/arena.h"
#include "machine/machine.h"
#include "machine/rv_decode.h"

#include <sys/mman.h>

#include <stdlib.h>

enum { X0, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5, A6, A7, S2, S3, S4, S5 };

/* A guest's address space, as world/guest_memory gives it in the node. */
struct test_memory {
    struct machine_memory memory;
};

static inline bool test_memory_open(void *ctx, uint32_t start, uint64_t size) {
    struct test_memory *test = ctx;
    return mprotect(test->memory.bytes + start, size, PROT_READ | PROT_WRITE) == 0;
}

static inline void test_memory_init(struct test_memory *test) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    uint8_t *bytes = mmap(NULL, MACHINE_SPACE, PROT_NONE, flags, -1, 0);
    uint8_t *table = mmap(NULL, MACHINE_PAGE_COUNT, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (bytes == MAP_FAILED || table == MAP_FAILED) abort();
    test->memory = (struct machine_memory){bytes, table, test_memory_open, test};
}

static inline void test_memory_free(struct test_memory *test) {
    (void)munmap(test->memory.bytes, MACHINE_SPACE);
    (void)munmap(test->memory.flags, MACHINE_PAGE_COUNT);
}

/* Pseudo-random numbers: splitmix64. */
static inline uint64_t test_random(uint64_t *seed) {
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Instructions in the making. */
enum { TEST_TEXT_MAX = 1 << 17 };

struct test_text {
    uint32_t words[TEST_TEXT_MAX];
    uint32_t count;
};

static inline void emit_word(struct test_text *text, uint32_t word) {
    ASSERT(text->count < TEST_TEXT_MAX);
    text->words[text->count++] = word;
}

/* rd, rs1, rs2 */
static inline void emit_r(struct test_text *text, enum rv_op op, int rd, int rs1, int rs2) {
    emit_word(
        text, rv_encode((struct rv_insn){(uint8_t)op, (uint8_t)rd, (uint8_t)rs1, (uint8_t)rs2, 0})
    );
}

/* rd, rs1, immediate: also loads, jalr; rd and immediate for lui, auipc, jal. */
static inline void emit_i(struct test_text *text, enum rv_op op, int rd, int rs1, int32_t imm) {
    emit_word(text, rv_encode((struct rv_insn){(uint8_t)op, (uint8_t)rd, (uint8_t)rs1, 0, imm}));
}

/* Stores (rs2 to imm(rs1)) and branches (rs1, rs2, distance in bytes). */
static inline void emit_s(struct test_text *text, enum rv_op op, int rs1, int rs2, int32_t imm) {
    emit_word(text, rv_encode((struct rv_insn){(uint8_t)op, 0, (uint8_t)rs1, (uint8_t)rs2, imm}));
}

/* rd = value, in as many instructions as it takes. */
static inline void emit_li(struct test_text *text, int rd, uint64_t value) {
    const int64_t low = (int64_t)(value << 52) >> 52;
    if ((int64_t)value == low) {
        emit_i(text, RV_ADDI, rd, X0, (int32_t)low);
        return;
    }
    const uint64_t high = value - (uint64_t)low;
    if ((int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX && (int64_t)high <= INT32_MAX) {
        emit_i(text, RV_LUI, rd, 0, (int32_t)(uint32_t)high);
    } else {
        emit_li(text, rd, (uint64_t)((int64_t)high >> 12));
        emit_i(text, RV_SLLI, rd, rd, 12);
    }
    if (low != 0) emit_i(text, RV_ADDI, rd, rd, (int32_t)low);
}

static inline void emit_ecall(struct test_text *text, uint64_t number) {
    emit_li(text, A7, number);
    emit_word(text, rv_match(RV_ECALL));
}

/* exit(code, output_len) */
static inline void emit_exit(struct test_text *text, uint64_t code, uint64_t output_len) {
    emit_li(text, A0, code);
    emit_li(text, A1, output_len);
    emit_ecall(text, 93);
}

/* ELF images: text at 0x200000 (RX), one page of constants behind it (R), one page of data (RW), and
 * a note that puts ram_end 16 pages behind the image. */
#define TEST_TEXT 0x200000u

enum {
    TEST_PHDR = 64,
    TEST_PHDR_SIZE = 56,
    TEST_PHDR_COUNT = 4, /* text, constants, data, note */
    TEST_NOTE = 0x200,
    TEST_CONSTANTS = 0x300,
    TEST_CONSTANTS_SIZE = 0x100,
    TEST_DATA = 0x400,
    TEST_DATA_SIZE = 0x100,
    TEST_TEXT_OFFSET = 0x1000,
    TEST_HEAP_PAGES = 16,
    TEST_IMAGE_MAX = TEST_TEXT_OFFSET + 4 * TEST_TEXT_MAX,
};

struct test_image {
    uint8_t file[TEST_IMAGE_MAX];
    size_t len;
    uint32_t constants, data, image_hi, ram_end; /* addresses */
};

static inline void test_store16(uint8_t *p, uint16_t value) {
    memcpy(p, &value, sizeof value);
}

static inline void test_phdr(
    struct test_image *image,
    int index,
    uint32_t type,
    uint32_t flags,
    uint64_t offset,
    uint64_t address,
    uint64_t file_size,
    uint64_t memory_size
) {
    uint8_t *p = image->file + TEST_PHDR + (ptrdiff_t)index * TEST_PHDR_SIZE;
    store_le32(p, type);
    store_le32(p + 4, flags);
    store_le64(p + 8, offset);
    store_le64(p + 16, address);
    store_le64(p + 24, address);
    store_le64(p + 32, file_size);
    store_le64(p + 40, memory_size);
    store_le64(p + 48, 0x1000);
}

static inline void test_image_build(struct test_image *image, const struct test_text *text) {
    const uint32_t text_size = text->count * 4;
    memset(image->file, 0, TEST_TEXT_OFFSET);
    image->len = TEST_TEXT_OFFSET + text_size;
    image->constants = (TEST_TEXT + text_size + 0xfff) & ~0xfffu;
    image->data = image->constants + 0x1000;
    image->image_hi = image->data + 0x1000;
    image->ram_end = image->image_hi + TEST_HEAP_PAGES * 0x1000;

    static const uint8_t ident[8] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0};
    uint8_t *p = image->file;
    memcpy(p, ident, sizeof ident);
    test_store16(p + 16, 2);
    test_store16(p + 18, 243);
    store_le32(p + 20, 1);
    store_le64(p + 24, TEST_TEXT);
    store_le64(p + 32, TEST_PHDR);
    test_store16(p + 52, 64);
    test_store16(p + 54, TEST_PHDR_SIZE);
    test_store16(p + 56, TEST_PHDR_COUNT);
    test_phdr(image, 0, 1, 5, TEST_TEXT_OFFSET, TEST_TEXT, text_size, text_size);
    test_phdr(
        image, 1, 1, 4, TEST_CONSTANTS, image->constants, TEST_CONSTANTS_SIZE, TEST_CONSTANTS_SIZE
    );
    test_phdr(image, 2, 1, 6, TEST_DATA, image->data, TEST_DATA_SIZE, 0x1000);
    test_phdr(image, 3, 4, 4, TEST_NOTE, 0, 32, 32);
    store_le32(p + TEST_NOTE, 9);
    store_le32(p + TEST_NOTE + 4, 8);
    store_le32(p + TEST_NOTE + 8, 1);
    memcpy(p + TEST_NOTE + 12, "Infinity", 9);
    store_le64(p + TEST_NOTE + 24, image->ram_end);
    for (int i = 0; i < TEST_CONSTANTS_SIZE; i++) {
        p[TEST_CONSTANTS + i] = (uint8_t)(i * 7 + 1);
    }
    for (int i = 0; i < TEST_DATA_SIZE; i++) {
        p[TEST_DATA + i] = (uint8_t)(0xff - i);
    }
    memcpy(p + TEST_TEXT_OFFSET, text->words, text_size);
}

static inline struct bytes test_image_file(const struct test_image *image) {
    return bytes_from(image->file, image->len);
}

#endif
