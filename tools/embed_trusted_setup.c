/* embed_trusted_setup FILE: the KZG trusted setup as C arrays, on standard output.
 *
 * c-kzg-4844 reads and checks the points of FILE, which takes seconds, and derives from them what
 * its functions use. The build does that once and prints the memory of the result, so that no
 * program has to. Points and numbers stand as blst keeps them. */
#include <ckzg.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_A_LINE = 5, NO_PRECOMPUTED_TABLES = 0, G2_POINTS = 65 };

static void print_array(const char *name, const void *memory, size_t size) {
    const unsigned char *const bytes = memory;
    printf("static const uint64_t %s[] = {", name);
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        printf("%s0x%" PRIx64 ",", at / sizeof word % WORDS_A_LINE == 0 ? "\n" : "", word);
    }
    printf("\n};\n");
}

int main(int argc, char **argv) {
    KZGSettings settings;
    FILE *const file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "embed_trusted_setup: cannot read the trusted setup\n");
        return 2;
    }
    const C_KZG_RET result = load_trusted_setup_file(&settings, file, NO_PRECOMPUTED_TABLES);
    (void)fclose(file);
    if (result != C_KZG_OK) {
        (void)fprintf(stderr, "embed_trusted_setup: the trusted setup is not a good one\n");
        return 1;
    }
    const size_t root_count = FIELD_ELEMENTS_PER_EXT_BLOB + 1;
    printf("/* Made by tools/embed_trusted_setup.c. */\n#include <stdint.h>\n");
    print_array("setup_roots", settings.roots_of_unity, root_count * sizeof(fr_t));
    print_array("setup_reverse_roots", settings.reverse_roots_of_unity, root_count * sizeof(fr_t));
    print_array(
        "setup_brp_roots", settings.brp_roots_of_unity, FIELD_ELEMENTS_PER_EXT_BLOB * sizeof(fr_t)
    );
    print_array(
        "setup_g1_lagrange_brp", settings.g1_values_lagrange_brp,
        FIELD_ELEMENTS_PER_BLOB * sizeof(g1_t)
    );
    print_array(
        "setup_g1_monomial", settings.g1_values_monomial, FIELD_ELEMENTS_PER_BLOB * sizeof(g1_t)
    );
    print_array("setup_g2_monomial", settings.g2_values_monomial, G2_POINTS * sizeof(g2_t));
    for (size_t i = 0; i < CELLS_PER_EXT_BLOB; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "setup_column_%zu", i);
        print_array(name, settings.x_ext_fft_columns[i], FIELD_ELEMENTS_PER_CELL * sizeof(g1_t));
    }
    printf("static const uint64_t *const setup_columns[] = {\n");
    for (size_t i = 0; i < CELLS_PER_EXT_BLOB; i++) {
        printf("setup_column_%zu,\n", i);
    }
    printf("};\n");
    free_trusted_setup(&settings);
    return ferror(stdout) == 0 ? 0 : 1;
}
