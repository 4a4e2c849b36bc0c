#include "machine/elf_symbols.h"

enum {
    EHDR_SIZE = 64,
    E_SHOFF = 40,
    E_SHENTSIZE = 58,
    E_SHNUM = 60,
    SHDR_SIZE = 64,
    SH_TYPE = 4,
    SH_OFFSET = 24,
    SH_SIZE = 32,
    SH_LINK = 40,
    SYM_SIZE = 24,
    ST_NAME = 0,
    ST_INFO = 4,
    ST_SHNDX = 6,
    ST_VALUE = 8,

    SHT_SYMTAB = 2,
    STT_NOTYPE = 0,
    STT_FUNC = 2,
    SHN_UNDEF = 0,
    SHN_LORESERVE = 0xff00,
    NAME_MAX_LEN = 256,
};

/* The bytes of section index, empty where it or they are not there; *header is its header. */
static struct bytes section(struct bytes file, uint32_t index, const uint8_t **header) {
    const struct bytes none = {NULL, 0};
    const uint64_t at = load_le64(file.data + E_SHOFF);
    if (index >= load_le16(file.data + E_SHNUM)) return none;
    if (load_le16(file.data + E_SHENTSIZE) != SHDR_SIZE) return none;
    if (at > file.len || file.len - at < ((uint64_t)index + 1) * SHDR_SIZE) return none;
    *header = file.data + at + (size_t)index * SHDR_SIZE;
    const uint64_t offset = load_le64(*header + SH_OFFSET);
    const uint64_t size = load_le64(*header + SH_SIZE);
    if (offset > file.len || size > file.len - offset) return none;
    return bytes_slice(file, offset, size);
}

static const char *copy_name(struct arena *arena, struct bytes names, uint32_t offset) {
    size_t len = 0;
    if (offset >= names.len) return "";
    while (len < NAME_MAX_LEN && offset + len < names.len && names.data[offset + len] != 0) {
        len++;
    }
    char *name = ARENA_ARRAY(arena, char, len + 1);
    memcpy(name, names.data + offset, len);
    return name;
}

static bool names_code(const uint8_t *symbol) {
    const unsigned type = symbol[ST_INFO] & 0xf;
    const unsigned section_index = load_le16(symbol + ST_SHNDX);
    if (section_index == SHN_UNDEF || section_index >= SHN_LORESERVE) return false;
    return type == STT_FUNC || type == STT_NOTYPE;
}

static bool before(const struct elf_symbol *a, const struct elf_symbol *b) {
    return a->address < b->address;
}

/* Heap sort: no recursion, no extra memory, and no input makes it slow. */
static void sift_down(struct elf_symbol *symbols, size_t root, size_t count) {
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && before(&symbols[child], &symbols[child + 1])) child++;
        if (!before(&symbols[root], &symbols[child])) return;
        const struct elf_symbol swapped = symbols[root];
        symbols[root] = symbols[child];
        symbols[child] = swapped;
        root = child;
    }
}

static void sort(struct elf_symbol *symbols, size_t count) {
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(symbols, i, count);
    }
    for (size_t end = count; end-- > 1;) {
        const struct elf_symbol largest = symbols[0];
        symbols[0] = symbols[end];
        symbols[end] = largest;
        sift_down(symbols, 0, end);
    }
}

struct elf_symbols elf_symbols_read(struct arena *arena, struct bytes file) {
    struct elf_symbols found = {NULL, 0};
    if (file.len < EHDR_SIZE) return found;
    const uint32_t section_count = load_le16(file.data + E_SHNUM);
    for (uint32_t i = 0; i < section_count; i++) {
        const uint8_t *header, *names_header;
        const struct bytes table = section(file, i, &header);
        if (table.len == 0 || load_le32(header + SH_TYPE) != SHT_SYMTAB) continue;
        const struct bytes names = section(file, load_le32(header + SH_LINK), &names_header);
        size_t count = table.len / SYM_SIZE;
        if (count > ELF_SYMBOLS_MAX) count = ELF_SYMBOLS_MAX;
        found.symbols = ARENA_ARRAY(arena, struct elf_symbol, count);
        for (size_t s = 0; s < count; s++) {
            const uint8_t *symbol = table.data + s * SYM_SIZE;
            if (!names_code(symbol)) continue;
            const char *name = copy_name(arena, names, load_le32(symbol + ST_NAME));
            if (name[0] == 0 || name[0] == '$' || name[0] == '.') continue; /* mapping, local */
            found.symbols[found.count++] = (struct elf_symbol){load_le64(symbol + ST_VALUE), name};
        }
        sort(found.symbols, found.count);
        return found;
    }
    return found;
}

size_t elf_symbols_find(const struct elf_symbols *symbols, uint64_t address) {
    size_t low = 0, high = symbols->count; /* the first symbol above address is in low..high */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (symbols->symbols[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? symbols->count : low - 1;
}
