#include "machine/elf_image.h"

#include "base/checked.h"

/* System V ABI, ELF-64: offsets of the fields that matter. */
enum {
    EHDR_SIZE = 64,
    EI_CLASS = 4,
    EI_DATA = 5,
    EI_VERSION = 6,
    EI_OSABI = 7,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_FLAGS = 48,
    E_PHENTSIZE = 54,
    E_PHNUM = 56,

    PHDR_SIZE = 56,
    P_TYPE = 0,
    P_FLAGS = 4,
    P_OFFSET = 8,
    P_VADDR = 16,
    P_FILESZ = 32,
    P_MEMSZ = 40,

    NOTE_HEADER_SIZE = 12,

    CLASS_64 = 2,
    DATA_LSB = 1,
    VERSION_CURRENT = 1,
    TYPE_EXEC = 2,
    MACHINE_RISCV = 243,
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    PT_INTERP = 3,
    PT_NOTE = 4,
    FLAGS_R = 4,
    FLAGS_RX = 5,
    FLAGS_RW = 6,
};

static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};

/* Our note: its name with the NUL, its type, and the size of its one u64. */
static const char note_name[9] = "Infinity";
enum { NOTE_TYPE_RAM_END = 1, NOTE_RAM_END_SIZE = 8 };

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, file_size, memory_size;
};

static bool inside_file(struct bytes file, uint64_t offset, uint64_t size) {
    return offset <= file.len && size <= file.len - offset;
}

static uint64_t round_up(uint64_t value, uint64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

static enum elf_verdict check_file_header(struct bytes file) {
    const uint8_t *p = file.data;
    if (file.len > ELF_IMAGE_MAX) return ELF_TOO_LONG;
    if (file.len >= sizeof magic && memcmp(p, magic, sizeof magic) != 0) return ELF_BAD_MAGIC;
    if (file.len < EHDR_SIZE) return ELF_TOO_SHORT;
    if (p[EI_CLASS] != CLASS_64) return ELF_NOT_64_BIT;
    if (p[EI_DATA] != DATA_LSB) return ELF_NOT_LITTLE_ENDIAN;
    if (p[EI_VERSION] != VERSION_CURRENT) return ELF_BAD_VERSION;
    if (load_le16(p + E_MACHINE) != MACHINE_RISCV) return ELF_OTHER_MACHINE;
    if (p[EI_OSABI] != 0) return ELF_BAD_OS_ABI;
    if (load_le16(p + E_TYPE) != TYPE_EXEC) return ELF_NOT_EXECUTABLE;
    if (load_le32(p + E_VERSION) != VERSION_CURRENT) return ELF_BAD_VERSION;
    if (load_le32(p + E_FLAGS) != 0) return ELF_BAD_FLAGS;
    if (load_le16(p + E_PHENTSIZE) != PHDR_SIZE) return ELF_BAD_HEADER_SIZE;

    const uint64_t count = load_le16(p + E_PHNUM);
    if (count > ELF_HEADERS_MAX) return ELF_TOO_MANY_HEADERS;
    if (!inside_file(file, load_le64(p + E_PHOFF), count * PHDR_SIZE)) return ELF_HEADERS_OUTSIDE;
    return ELF_VALID;
}

static struct program_header read_header(struct bytes file, uint32_t index) {
    const uint8_t *p = file.data + load_le64(file.data + E_PHOFF) + (size_t)index * PHDR_SIZE;
    return (struct program_header){
        load_le32(p + P_TYPE),  load_le32(p + P_FLAGS),  load_le64(p + P_OFFSET),
        load_le64(p + P_VADDR), load_le64(p + P_FILESZ), load_le64(p + P_MEMSZ),
    };
}

static uint32_t permissions_of(uint32_t flags) {
    switch (flags) {
    case FLAGS_R: return PAGE_READ;
    case FLAGS_RX: return PAGE_READ | PAGE_EXECUTE;
    case FLAGS_RW: return PAGE_READ | PAGE_WRITE;
    default: return 0;
    }
}

/* The executable segment becomes the text. */
static enum elf_verdict take_text(struct elf_image *image, const struct program_header *header) {
    if (image->text_hi != 0) return ELF_SECOND_TEXT;
    if (header->address % 4 != 0 || header->file_size % 4 != 0) return ELF_TEXT_UNALIGNED;
    if (header->file_size != header->memory_size) return ELF_TEXT_NOT_IN_FILE;
    if (header->memory_size > ELF_TEXT_MAX) return ELF_TEXT_TOO_LONG;
    image->text_lo = (uint32_t)header->address;
    image->text_hi = (uint32_t)(header->address + header->memory_size);
    return ELF_VALID;
}

static enum elf_verdict take_load(
    struct elf_image *image, struct bytes file, const struct program_header *header
) {
    if (header->memory_size == 0) return ELF_VALID; /* skipped before every other rule */
    const uint32_t permissions = permissions_of(header->flags);
    if (permissions == 0) return ELF_BAD_PERMISSIONS;
    if (header->file_size > header->memory_size) return ELF_FILE_SIZE_ABOVE_MEMORY;
    if (!inside_file(file, header->offset, header->file_size)) return ELF_SEGMENT_OUTSIDE_FILE;
    /* Nothing ends above ram_end, which is at most ELF_RAM_END_MAX: 32 bits from here on. */
    if (header->address > UINT64_MAX - header->memory_size) return ELF_SEGMENT_OVERFLOW;
    if (header->address + header->memory_size > ELF_RAM_END_MAX) return ELF_BAD_RAM_END;

    if (image->segment_count == 0) {
        if (header->address < ELF_IMAGE_LOWEST || header->address % MACHINE_PAGE_SIZE != 0) {
            return ELF_IMAGE_TOO_LOW;
        }
        image->image_lo = (uint32_t)header->address;
    } else {
        const struct elf_segment *before = &image->segments[image->segment_count - 1];
        const uint64_t end = (uint64_t)before->address + before->memory_size;
        if (header->address < end) return ELF_NOT_ASCENDING;
        if (header->address / MACHINE_PAGE_SIZE <= (end - 1) / MACHINE_PAGE_SIZE) {
            return ELF_PAGE_SHARED;
        }
    }
    if (permissions & PAGE_EXECUTE) {
        const enum elf_verdict verdict = take_text(image, header);
        if (verdict != ELF_VALID) return verdict;
    }
    image->segments[image->segment_count++] = (struct elf_segment){
        bytes_slice(file, header->offset, header->file_size),
        (uint32_t)header->address,
        (uint32_t)header->memory_size,
        (uint8_t)permissions,
    };
    image->image_hi = (uint32_t)round_up(header->address + header->memory_size, MACHINE_PAGE_SIZE);
    return ELF_VALID;
}

/* A note's ram_end is found once at most. */
struct ram_end_note {
    bool found;
    uint64_t ram_end;
};

static enum elf_verdict take_note(
    struct ram_end_note *note, struct bytes file, const struct program_header *header
) {
    if (!inside_file(file, header->offset, header->file_size)) return ELF_NOTE_OUTSIDE;
    struct bytes rest = bytes_slice(file, header->offset, header->file_size);
    while (rest.len > 0) {
        if (rest.len < NOTE_HEADER_SIZE) return ELF_NOTE_BROKEN;
        const uint64_t name_size = load_le32(rest.data);
        const uint64_t size = load_le32(rest.data + 4);
        const uint32_t type = load_le32(rest.data + 8);
        const uint64_t start = NOTE_HEADER_SIZE + round_up(name_size, 4);
        /* Only the padding after the last descriptor may be missing; after the name it may where
         * nothing follows it. */
        const uint64_t end = size == 0 ? NOTE_HEADER_SIZE + name_size : start + size;
        if (end > rest.len) return ELF_NOTE_BROKEN;

        if (type == NOTE_TYPE_RAM_END && name_size == sizeof note_name &&
            memcmp(rest.data + NOTE_HEADER_SIZE, note_name, sizeof note_name) == 0) {
            if (note->found) return ELF_NOTE_DUPLICATE;
            if (size != NOTE_RAM_END_SIZE) return ELF_NOTE_BAD_SIZE;
            *note = (struct ram_end_note){true, load_le64(rest.data + start)};
        }
        const uint64_t next = start + round_up(size, 4);
        rest = bytes_slice(rest, min_u64(next, rest.len), rest.len - min_u64(next, rest.len));
    }
    return ELF_VALID;
}

static enum elf_verdict take_header(
    struct elf_image *image, struct ram_end_note *note, struct bytes file, uint32_t index
) {
    const struct program_header header = read_header(file, index);
    switch (header.type) {
    case PT_LOAD: return take_load(image, file, &header);
    case PT_NOTE: return take_note(note, file, &header);
    case PT_INTERP: return ELF_INTERPRETER;
    case PT_DYNAMIC: return ELF_DYNAMIC;
    default: return ELF_VALID;
    }
}

/* What can only be judged when all headers were seen. */
static enum elf_verdict finish(
    struct elf_image *image, const struct ram_end_note *note, uint64_t entry
) {
    if (image->text_hi == 0) return ELF_NO_TEXT;
    if (entry < image->text_lo || entry >= image->text_hi || entry % 4 != 0) return ELF_BAD_ENTRY;
    const uint64_t ram_end = note->found ? note->ram_end : image->image_hi + ELF_RAM_END_DEFAULT;
    if (ram_end % MACHINE_PAGE_SIZE != 0 || ram_end < image->image_hi ||
        ram_end > ELF_RAM_END_MAX) {
        return ELF_BAD_RAM_END;
    }
    image->entry = (uint32_t)entry;
    image->ram_end = (uint32_t)ram_end;
    return ELF_VALID;
}

enum elf_verdict elf_image_read(struct elf_image *image, struct bytes file) {
    *image = (struct elf_image){0};
    struct elf_image found = {0};
    struct ram_end_note note = {false, 0};
    enum elf_verdict verdict = check_file_header(file);
    if (verdict != ELF_VALID) return verdict;

    const uint32_t header_count = load_le16(file.data + E_PHNUM);
    for (uint32_t i = 0; i < header_count; i++) {
        verdict = take_header(&found, &note, file, i);
        if (verdict != ELF_VALID) return verdict;
    }
    verdict = finish(&found, &note, load_le64(file.data + E_ENTRY));
    if (verdict == ELF_VALID) *image = found;
    return verdict;
}

const char *elf_verdict_text(enum elf_verdict verdict) {
    static const char *const texts[ELF_VERDICT_COUNT] = {
#define ELF_TEXT(verdict, text) [verdict] = text,
        ELF_VERDICTS(ELF_TEXT)
#undef ELF_TEXT
    };
    ASSERT(verdict < ELF_VERDICT_COUNT);
    return texts[verdict];
}
