#include "machine/machine_program.h"

#include "crypto/keccak.h"
#include "machine/machine_interp.h"
#include "machine/memory_tree.h"

static const char id_domain[] = "machine-program";

static uint32_t page_floor(uint32_t address) {
    return address & ~(uint32_t)(MACHINE_PAGE_SIZE - 1);
}

static uint32_t page_ceiling(uint64_t address) {
    return (uint32_t)((address + MACHINE_PAGE_SIZE - 1) & ~(uint64_t)(MACHINE_PAGE_SIZE - 1));
}

size_t machine_image_ranges(
    struct machine_range ranges[MACHINE_RANGES_MAX], const struct elf_image *image
) {
    const uint8_t read_write = PAGE_READ | PAGE_WRITE;
    size_t count = 0;
    ranges[count++] =
        (struct machine_range){MACHINE_STACK_LO, image->image_lo - MACHINE_STACK_LO, read_write};
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct elf_segment *segment = &image->segments[i];
        const uint32_t start = page_floor(segment->address);
        const uint32_t end = page_ceiling((uint64_t)segment->address + segment->memory_size);
        ranges[count++] = (struct machine_range){start, end - start, segment->permissions};
    }
    if (image->ram_end > image->image_hi) {
        ranges[count++] =
            (struct machine_range){image->image_hi, image->ram_end - image->image_hi, read_write};
    }
    ranges[count++] = (struct machine_range){MACHINE_OUTPUT, MACHINE_OUTPUT_MAX, read_write};
    return count;
}

/* The pages on which a segment's data stand; what is beyond data.len is zeros. */
static void add_segment(struct memory_tree *tree, const struct elf_segment *segment) {
    const uint64_t data_end = (uint64_t)segment->address + segment->data.len;
    for (uint64_t start = page_floor(segment->address); start < data_end;
         start += MACHINE_PAGE_SIZE) {
        uint8_t page[MACHINE_PAGE_SIZE] = {0};
        const uint64_t from = start < segment->address ? segment->address : start;
        const uint64_t to =
            start + MACHINE_PAGE_SIZE < data_end ? start + MACHINE_PAGE_SIZE : data_end;
        memcpy(page + (from - start), segment->data.data + (from - segment->address), to - from);
        memory_tree_add_page(tree, (uint32_t)(start / MACHINE_PAGE_SIZE), page);
    }
}

static void image_memory_root(
    struct hash *root, uint32_t *pages, struct arena *arena, const struct elf_image *image
) {
    struct memory_tree tree;
    memory_tree_start(&tree);
    for (uint32_t i = 0; i < image->segment_count; i++) {
        add_segment(&tree, &image->segments[i]);
    }
    struct hash data_root;
    memory_tree_finish(&tree, &data_root, MEMORY_TREE_DEPTH);

    const struct arena_mark mark = arena_mark(arena);
    uint8_t *flags = ARENA_ARRAY(arena, uint8_t, MACHINE_PAGE_COUNT);
    struct machine_range ranges[MACHINE_RANGES_MAX];
    const size_t range_count = machine_image_ranges(ranges, image);
    *pages = 0;
    for (size_t i = 0; i < range_count; i++) {
        const uint32_t page_count = ranges[i].size / MACHINE_PAGE_SIZE;
        memset(flags + ranges[i].start / MACHINE_PAGE_SIZE, ranges[i].permissions, page_count);
        if (ranges[i].start != MACHINE_OUTPUT) *pages += page_count;
    }
    struct hash permission_root;
    memory_tree_permissions(&permission_root, flags);
    arena_rewind(arena, mark);
    memory_tree_join(root, &data_root, &permission_root);
}

static void compute_id(
    struct hash *id, uint32_t *pages, struct arena *arena, const struct elf_image *image
) {
    const uint8_t isa_version = MACHINE_ISA_VERSION;
    const uint64_t fields[] = {
        image->entry, image->image_lo, image->text_lo, image->text_hi, image->ram_end};
    struct hash memory_root;
    image_memory_root(&memory_root, pages, arena, image);

    struct keccak256 hasher;
    keccak256_init(&hasher);
    keccak256_update(&hasher, bytes_from(id_domain, sizeof id_domain - 1));
    keccak256_update(&hasher, bytes_from(&isa_version, sizeof isa_version));
    keccak256_update(&hasher, BYTES_OF(fields)); /* little-endian, as the host is */
    keccak256_update(&hasher, BYTES_OF(memory_root));
    keccak256_final(&hasher, id);
}

enum elf_verdict machine_program_id(
    struct hash *id, uint32_t *pages, struct arena *scratch, struct bytes file
) {
    struct elf_image image;
    const enum elf_verdict verdict = elf_image_read(&image, file);
    if (verdict == ELF_VALID) compute_id(id, pages, scratch, &image);
    return verdict;
}

static struct bytes text_of(const struct elf_image *image) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        if (image->segments[i].permissions & PAGE_EXECUTE) return image->segments[i].data;
    }
    ASSERT(false); /* every valid image has text */
}

enum elf_verdict machine_program_load(
    struct machine_program *program, struct arena *arena, struct bytes file
) {
    *program = (struct machine_program){0};
    struct elf_image image;
    const enum elf_verdict verdict = elf_image_read(&image, file);
    if (verdict != ELF_VALID) return verdict;

    program->image = image;
    compute_id(&program->id, &program->pages, arena, &image);
    program->text_count = (image.text_hi - image.text_lo) / 4;
    struct machine_record *records =
        ARENA_ARRAY(arena, struct machine_record, (size_t)program->text_count + 1);
    uint32_t *runs = ARENA_ARRAY(arena, uint32_t, (size_t)program->text_count + 1);
    machine_interp_prepare(records, runs, text_of(&image), image.text_lo);
    program->records = records;
    program->runs = runs;
    return ELF_VALID;
}

uint64_t machine_program_ram(const struct machine_program *program) {
    return program->image.ram_end - MACHINE_STACK_LO;
}
