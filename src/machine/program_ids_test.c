/* The committed programs have the ids and pages of the golden file guest/programs/ids.txt. */
#include "base/test.h"
#include "codec/hex.h"
#include "machine/machine_program.h"

#include <stdio.h>

enum { IMAGE_ROOM = 1 << 20, PROGRAM_COUNT = 3 };

static size_t read_file(uint8_t *out, size_t size, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s is missing: run from the repository's root", path);
    const size_t len = fread(out, 1, size, file);
    (void)fclose(file);
    return len;
}

TEST(committed_programs_have_their_frozen_ids) {
    static uint8_t image[IMAGE_ROOM];
    FILE *golden = fopen("guest/programs/ids.txt", "r");
    if (golden == NULL) fail_msg("guest/programs/ids.txt is missing");
    char line[256];
    unsigned count = 0;
    while (fgets(line, sizeof line, golden) != NULL) {
        char name[64], id_text[80], path[128];
        unsigned pages;
        if (line[0] == '#') continue;
        assert_int_equal(sscanf(line, "%63s %79s %u", name, id_text, &pages), 3);
        (void)snprintf(path, sizeof path, "guest/programs/%s.elf", name);
        const struct bytes file = {image, read_file(image, sizeof image, path)};
        struct hash expected, id;
        assert_int_equal(
            hex_decode_hash(&expected, bytes_from(id_text, strlen(id_text))), HEX_VALID
        );
        struct arena arena;
        arena_init(&arena, &test_heap);
        uint32_t actual_pages;
        assert_int_equal(machine_program_id(&id, &actual_pages, &arena, file), ELF_VALID);
        assert_memory_equal(&id, &expected, sizeof id);
        assert_int_equal(actual_pages, pages);
        struct machine_program program;
        assert_int_equal(machine_program_load(&program, &arena, file), ELF_VALID);
        assert_memory_equal(&program.id, &expected, sizeof id);
        arena_reset(&arena);
        count++;
    }
    (void)fclose(golden);
    assert_int_equal(count, PROGRAM_COUNT);
}

TEST_MAIN(TEST_CASE(committed_programs_have_their_frozen_ids))
