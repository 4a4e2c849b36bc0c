/* Each rule of MACHINE.md 3.3 and 3.4 is broken by one change to a good image. */
#include "machine/elf_image.h"

#include "base/test.h"
#include "machine/test.h"

static struct {
    struct test_text text;
    struct test_image good;
    uint8_t *file; /* of the size of the image, so that the sanitizer sees what is read beyond */
    size_t len;
} t;

static void build(void) {
    t.text.count = 0;
    emit_i(&t.text, RV_ADDI, A0, X0, 1);
    emit_word(&t.text, rv_match(RV_EBREAK));
    test_image_build(&t.good, &t.text);
    t.len = t.good.len;
    t.file = malloc(t.len);
    memcpy(t.file, t.good.file, t.len);
}

static enum elf_verdict verdict_of_file(void) {
    struct elf_image image;
    const enum elf_verdict verdict = elf_image_read(&image, bytes_from(t.file, t.len));
    if (verdict != ELF_VALID) assert_int_equal(image.segment_count, 0);
    return verdict;
}

/* Where fields stand: of the file's header, and of program header i. */
enum { EI_CLASS = 4, EI_DATA, EI_VERSION, EI_OSABI, EI_ABIVERSION };
enum { E_TYPE = 16, E_MACHINE = 18, E_VERSION = 20, E_ENTRY = 24, E_PHOFF = 32, E_FLAGS = 48 };
enum { E_EHSIZE = 52, E_PHENTSIZE = 54, E_PHNUM = 56 };
enum { TEXT, CONSTANTS, DATA, NOTE };
enum { P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_VADDR = 16, P_PADDR = 24 };
enum { P_FILESZ = 32, P_MEMSZ = 40, P_ALIGN = 48 };
#define PHDR(index, member) (TEST_PHDR + (index)*TEST_PHDR_SIZE + (member))

struct change {
    enum elf_verdict verdict;
    size_t offset;
    unsigned size; /* of the field */
    uint64_t value;
};

static void apply(const struct change *change) {
    for (unsigned i = 0; i < change->size; i++) {
        t.file[change->offset + i] = (uint8_t)(change->value >> (8 * i));
    }
}

#define SECOND_PAGE (TEST_TEXT + 0x1000) /* constants */
#define THIRD_PAGE  (TEST_TEXT + 0x2000) /* data */

TEST(each_broken_rule_has_its_verdict) {
    static const struct change changes[] = {
        {ELF_BAD_MAGIC, 0, 1, 0x7e},
        {ELF_BAD_MAGIC, 3, 1, 'G'},
        {ELF_NOT_64_BIT, EI_CLASS, 1, 1},
        {ELF_NOT_LITTLE_ENDIAN, EI_DATA, 1, 2},
        {ELF_BAD_VERSION, EI_VERSION, 1, 0},
        {ELF_BAD_VERSION, E_VERSION, 4, 2},
        {ELF_BAD_OS_ABI, EI_OSABI, 1, 3},
        {ELF_NOT_EXECUTABLE, E_TYPE, 2, 3},
        {ELF_NOT_EXECUTABLE, E_TYPE, 2, 1},
        {ELF_OTHER_MACHINE, E_MACHINE, 2, 62},
        {ELF_BAD_FLAGS, E_FLAGS, 4, 1}, /* RVC */
        {ELF_BAD_FLAGS, E_FLAGS, 4, 4}, /* double floats */
        {ELF_BAD_FLAGS, E_FLAGS, 4, 8}, /* RVE */
        {ELF_BAD_HEADER_SIZE, E_PHENTSIZE, 2, 32},
        {ELF_TOO_MANY_HEADERS, E_PHNUM, 2, 17},
        {ELF_TOO_MANY_HEADERS, E_PHNUM, 2, 0xffff},
        {ELF_HEADERS_OUTSIDE, E_PHOFF, 8, 0x1000},
        {ELF_HEADERS_OUTSIDE, E_PHOFF, 8, UINT64_MAX - 10},
        {ELF_INTERPRETER, PHDR(CONSTANTS, P_TYPE), 4, 3},
        {ELF_DYNAMIC, PHDR(CONSTANTS, P_TYPE), 4, 2},
        {ELF_NOTE_OUTSIDE, PHDR(NOTE, P_OFFSET), 8, 0x1008},
        {ELF_NOTE_OUTSIDE, PHDR(NOTE, P_FILESZ), 8, UINT64_MAX},
        {ELF_NOTE_BROKEN, PHDR(NOTE, P_FILESZ), 8, 11},
        {ELF_NOTE_BROKEN, PHDR(NOTE, P_FILESZ), 8, 31},
        {ELF_NOTE_BROKEN, PHDR(NOTE, P_FILESZ), 8, 33},
        {ELF_NOTE_BROKEN, TEST_NOTE, 4, 0xffffffff},
        {ELF_NOTE_BROKEN, TEST_NOTE + 4, 4, 0xffffffff},
        {ELF_NOTE_BROKEN, TEST_NOTE + 4, 4, 9},
        {ELF_NOTE_BAD_SIZE, TEST_NOTE + 4, 4, 7},
        {ELF_NOTE_BAD_SIZE, TEST_NOTE + 4, 4, 0},
        {ELF_BAD_PERMISSIONS, PHDR(TEXT, P_FLAGS), 4, 7},
        {ELF_BAD_PERMISSIONS, PHDR(TEXT, P_FLAGS), 4, 1},
        {ELF_BAD_PERMISSIONS, PHDR(DATA, P_FLAGS), 4, 3},
        {ELF_BAD_PERMISSIONS, PHDR(DATA, P_FLAGS), 4, 2},
        {ELF_BAD_PERMISSIONS, PHDR(DATA, P_FLAGS), 4, 0},
        {ELF_BAD_PERMISSIONS, PHDR(DATA, P_FLAGS), 4, 0x16},
        {ELF_FILE_SIZE_ABOVE_MEMORY, PHDR(DATA, P_MEMSZ), 8, TEST_DATA_SIZE - 1},
        {ELF_SEGMENT_OUTSIDE_FILE, PHDR(DATA, P_OFFSET), 8, 0xf09},
        {ELF_SEGMENT_OUTSIDE_FILE, PHDR(DATA, P_OFFSET), 8, UINT64_MAX},
        {ELF_SEGMENT_OVERFLOW, PHDR(DATA, P_VADDR), 8, UINT64_MAX - 0xffe},
        {ELF_SEGMENT_OVERFLOW, PHDR(DATA, P_MEMSZ), 8, UINT64_MAX},
        {ELF_IMAGE_TOO_LOW, PHDR(TEXT, P_VADDR), 8, 0x1f000},
        {ELF_IMAGE_TOO_LOW, PHDR(TEXT, P_VADDR), 8, TEST_TEXT + 8},
        {ELF_IMAGE_TOO_LOW, PHDR(TEXT, P_VADDR), 8, 0},
        {ELF_NOT_ASCENDING, PHDR(CONSTANTS, P_VADDR), 8, TEST_TEXT - 0x1000},
        {ELF_NOT_ASCENDING, PHDR(CONSTANTS, P_VADDR), 8, TEST_TEXT + 4},
        {ELF_NOT_ASCENDING, PHDR(CONSTANTS, P_MEMSZ), 8, 0x1001},
        {ELF_PAGE_SHARED, PHDR(CONSTANTS, P_VADDR), 8, TEST_TEXT + 8},
        {ELF_PAGE_SHARED, PHDR(DATA, P_VADDR), 8, SECOND_PAGE + TEST_CONSTANTS_SIZE},
        {ELF_NO_TEXT, PHDR(TEXT, P_FLAGS), 4, 4},
        {ELF_NO_TEXT, PHDR(TEXT, P_MEMSZ), 8, 0},
        {ELF_NO_TEXT, E_PHNUM, 2, 0},
        {ELF_SECOND_TEXT, PHDR(CONSTANTS, P_FLAGS), 4, 5},
        {ELF_TEXT_UNALIGNED, PHDR(TEXT, P_FILESZ), 8, 6},
        {ELF_TEXT_NOT_IN_FILE, PHDR(TEXT, P_MEMSZ), 8, 12},
        {ELF_BAD_ENTRY, E_ENTRY, 8, TEST_TEXT - 4},
        {ELF_BAD_ENTRY, E_ENTRY, 8, TEST_TEXT + 8},
        {ELF_BAD_ENTRY, E_ENTRY, 8, TEST_TEXT + 2},
        {ELF_BAD_ENTRY, E_ENTRY, 8, SECOND_PAGE},
        {ELF_BAD_ENTRY, E_ENTRY, 8, TEST_TEXT + ((uint64_t)1 << 32)},
        {ELF_BAD_RAM_END, TEST_NOTE + 24, 8, THIRD_PAGE + 0x1001},
        {ELF_BAD_RAM_END, TEST_NOTE + 24, 8, THIRD_PAGE},
        {ELF_BAD_RAM_END, TEST_NOTE + 24, 8, 0x80001000},
        {ELF_BAD_RAM_END, TEST_NOTE + 24, 8, 0},
        {ELF_BAD_RAM_END, PHDR(DATA, P_VADDR), 8, 0x7ffff001},
    };
    bool seen[ELF_VERDICT_COUNT] = {false};
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        build();
        apply(&changes[i]);
        assert_string_equal(
            elf_verdict_text(verdict_of_file()), elf_verdict_text(changes[i].verdict)
        );
        seen[changes[i].verdict] = true;
        free(t.file);
    }
    /* The rest take more than one change, and are tested below. */
    seen[ELF_VALID] = seen[ELF_TOO_LONG] = seen[ELF_TOO_SHORT] = true;
    seen[ELF_NOTE_DUPLICATE] = seen[ELF_TEXT_TOO_LONG] = true;
    for (unsigned i = 0; i < ELF_VERDICT_COUNT; i++) {
        if (!seen[i]) {
            fail_msg("no image breaks the rule: %s", elf_verdict_text((enum elf_verdict)i));
        }
    }
}

TEST(what_the_rules_do_not_name_is_ignored) {
    static const struct change changes[] = {
        {ELF_VALID, EI_ABIVERSION, 1, 9},
        {ELF_VALID, E_EHSIZE, 2, 1},
        {ELF_VALID, 40, 8, UINT64_MAX}, /* e_shoff */
        {ELF_VALID, PHDR(TEXT, P_PADDR), 8, UINT64_MAX},
        {ELF_VALID, PHDR(TEXT, P_ALIGN), 8, 3},
        {ELF_VALID, PHDR(CONSTANTS, P_TYPE), 4, 0x6474e551}, /* PT_GNU_STACK */
        {ELF_VALID, PHDR(CONSTANTS, P_TYPE), 4, 7},          /* PT_TLS */
        {ELF_VALID, PHDR(CONSTANTS, P_MEMSZ), 8, 0}, /* skipped, though filesz is above it */
        {ELF_VALID, PHDR(NOTE, P_TYPE), 4, 0},       /* no note */
        {ELF_VALID, PHDR(NOTE, P_FILESZ), 8, 0},
        {ELF_VALID, TEST_NOTE + 8, 4, 2},    /* another type of note */
        {ELF_VALID, TEST_NOTE + 20, 1, '!'}, /* "Infinity" without its NUL is another name */
        {ELF_VALID, TEST_NOTE + 12, 1, 'i'},
        {ELF_VALID, TEST_NOTE + 24, 8, THIRD_PAGE + 0x1000}, /* no heap at all */
        {ELF_VALID, TEST_NOTE + 24, 8, 0x80000000},
        {ELF_VALID, E_ENTRY, 8, TEST_TEXT + 4},
    };
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        build();
        apply(&changes[i]);
        assert_string_equal(elf_verdict_text(verdict_of_file()), "valid");
        free(t.file);
    }
}

TEST(a_file_cut_anywhere_is_refused) {
    build();
    const size_t len = t.len;
    for (t.len = 0; t.len < len; t.len++) {
        uint8_t *file = t.file;
        t.file = malloc(t.len + 1) /* never of size 0 */;
        memcpy(t.file, file, t.len);
        const enum elf_verdict verdict = verdict_of_file();
        assert_int_not_equal(verdict, ELF_VALID);
        if (t.len < 64) assert_int_equal(verdict, ELF_TOO_SHORT);
        free(t.file);
        t.file = file;
    }
    free(t.file);
}

TEST(a_file_over_the_limit_is_refused_unread) {
    struct elf_image image;
    static const uint8_t one_byte[1];
    const struct bytes file = {one_byte, ELF_IMAGE_MAX + 1};
    assert_int_equal(elf_image_read(&image, file), ELF_TOO_LONG);
}

TEST(a_second_note_of_ours_is_refused_and_others_are_not) {
    build();
    /* Two notes of 32 bytes, one behind the other, in one PT_NOTE. */
    memcpy(t.file + TEST_NOTE + 32, t.file + TEST_NOTE, 32);
    store_le64(t.file + PHDR(NOTE, P_FILESZ), 64);
    assert_int_equal(verdict_of_file(), ELF_NOTE_DUPLICATE);
    t.file[TEST_NOTE + 32 + 8] = 5; /* the type of the second */
    assert_int_equal(verdict_of_file(), ELF_VALID);
    /* And in a PT_NOTE of its own. */
    t.file[TEST_NOTE + 32 + 8] = 1;
    store_le64(t.file + PHDR(NOTE, P_FILESZ), 32);
    memcpy(t.file + PHDR(CONSTANTS, 0), t.file + PHDR(NOTE, 0), TEST_PHDR_SIZE);
    assert_int_equal(verdict_of_file(), ELF_NOTE_DUPLICATE);
    free(t.file);
}

TEST(the_padding_behind_the_last_note_may_be_missing) {
    build();
    /* A note of type 7 with 5 bytes of descriptor, 17 + 3 bytes in all, behind ours. */
    store_le32(t.file + TEST_NOTE + 32, 0);
    store_le32(t.file + TEST_NOTE + 36, 5);
    store_le32(t.file + TEST_NOTE + 40, 7);
    static const struct {
        uint64_t size;
        enum elf_verdict verdict;
    } cases[] = {
        {48, ELF_NOTE_BROKEN},
        {49, ELF_VALID},
        {51, ELF_VALID},
        {52, ELF_VALID},
        {53, ELF_NOTE_BROKEN}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        store_le64(t.file + PHDR(NOTE, P_FILESZ), cases[i].size);
        assert_int_equal(verdict_of_file(), cases[i].verdict);
    }
    free(t.file);
}

TEST(text_over_the_limit_is_refused) {
    build();
    const size_t len = TEST_TEXT_OFFSET + ELF_TEXT_MAX + 4;
    t.file = realloc(t.file, len);
    memset(t.file + t.len, 0, len - t.len);
    t.len = len;
    for (unsigned extra = 0; extra <= 4; extra += 4) {
        store_le64(t.file + PHDR(TEXT, P_FILESZ), ELF_TEXT_MAX + extra);
        store_le64(t.file + PHDR(TEXT, P_MEMSZ), ELF_TEXT_MAX + extra);
        store_le64(t.file + PHDR(CONSTANTS, P_VADDR), TEST_TEXT + ELF_TEXT_MAX + 0x1000);
        store_le64(t.file + PHDR(DATA, P_VADDR), TEST_TEXT + ELF_TEXT_MAX + 0x2000);
        store_le64(t.file + TEST_NOTE + 24, TEST_TEXT + ELF_TEXT_MAX + 0x3000);
        assert_int_equal(verdict_of_file(), extra == 0 ? ELF_VALID : ELF_TEXT_TOO_LONG);
    }
    free(t.file);
}

TEST(a_good_image_is_read_as_it_is) {
    build();
    struct elf_image image;
    assert_int_equal(elf_image_read(&image, bytes_from(t.file, t.len)), ELF_VALID);
    assert_int_equal(image.entry, TEST_TEXT);
    assert_int_equal(image.image_lo, TEST_TEXT);
    assert_int_equal(image.image_hi, t.good.image_hi);
    assert_int_equal(image.text_lo, TEST_TEXT);
    assert_int_equal(image.text_hi, TEST_TEXT + 8);
    assert_int_equal(image.ram_end, t.good.ram_end);
    assert_int_equal(image.segment_count, 3);
    assert_int_equal(image.segments[2].permissions, PAGE_READ | PAGE_WRITE);
    assert_int_equal(image.segments[2].memory_size, 0x1000);
    assert_int_equal(image.segments[2].data.len, TEST_DATA_SIZE);
    /* Without a note RAM ends 16 MiB above the image. */
    store_le32(t.file + PHDR(NOTE, P_TYPE), 0);
    assert_int_equal(elf_image_read(&image, bytes_from(t.file, t.len)), ELF_VALID);
    assert_int_equal(image.ram_end, t.good.image_hi + (16u << 20));
    free(t.file);
}

TEST(random_changes_never_break_the_reader) {
    enum { ROUNDS = 100000 };
    build();
    uint64_t seed = 11;
    unsigned valid = 0;
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(t.file, t.good.file, t.len);
        for (uint64_t changes = 1 + test_random(&seed) % 3; changes > 0; changes--) {
            /* Mostly where headers and note stand. */
            const uint64_t range = test_random(&seed) % 8 == 0 ? t.len : TEST_NOTE + 32;
            const uint64_t value = test_random(&seed);
            const size_t at = test_random(&seed) % range;
            t.file[at] =
                (uint8_t)(value % 3 == 0 ? value >> 8 : t.file[at] ^ 1u << (value >> 8) % 8);
        }
        struct elf_image image;
        if (elf_image_read(&image, bytes_from(t.file, t.len)) != ELF_VALID) continue;
        valid++;
        assert_true(image.image_lo >= ELF_IMAGE_LOWEST && image.image_hi <= image.ram_end);
        assert_true(image.ram_end <= ELF_RAM_END_MAX && image.entry < image.text_hi);
    }
    assert_true(valid > ROUNDS / 10);
    free(t.file);
}

TEST_MAIN(
    TEST_CASE(each_broken_rule_has_its_verdict),
    TEST_CASE(what_the_rules_do_not_name_is_ignored),
    TEST_CASE(a_file_cut_anywhere_is_refused),
    TEST_CASE(a_file_over_the_limit_is_refused_unread),
    TEST_CASE(a_second_note_of_ours_is_refused_and_others_are_not),
    TEST_CASE(the_padding_behind_the_last_note_may_be_missing),
    TEST_CASE(text_over_the_limit_is_refused),
    TEST_CASE(a_good_image_is_read_as_it_is),
    TEST_CASE(random_changes_never_break_the_reader)
)
