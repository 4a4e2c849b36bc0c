/* infinity evm import: runs a chain's blocks from files, from its genesis on, in memory.
 *
 * Files are blocks in RLP, one behind the other, or era1 files. Every block is checked whole: header,
 * proof of work, ommers, body, execution, receipts, state root; of an era1 file also the receipts and
 * total difficulties that it holds, and its accumulator. Nothing is kept.
 */
#include "chain/execute.h"
#include "chain/genesis.h"
#include "cmd/command.h"
#include "cmd/era1.h"
#include "cmd/flat_state.h"
#include "cmd/seal_cache.h"
#include "cmd/value.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "service/genesis_file.h"
#include "world/clock.h"
#include "world/heap.h"

#include <getopt.h>
#include <unistd.h>

#include <inttypes.h>
#include <stdlib.h>

#define IMPORT_FILE_MAX ((size_t)1 << 30)

enum { CODE_CACHE_SIZE = 64 << 20, KEPT_COUNT = OMMERS_GENERATIONS + 1, PROGRESS_PERIOD_MS = 200 };

static const char command_name[] = "evm import";

static const char help[] =
    "Usage: infinity evm import --genesis FILE [OPTIONS] FILE...\n"
    "\n"
    "Runs a chain's blocks from its genesis on, in memory, checking each whole: header, proof of "
    "work,\n"
    "ommers, body, execution, receipts, state root. Nothing is kept.\n"
    "\n"
    "  FILE            blocks in RLP, one behind the other, or an era1 file; several continue each "
    "other\n"
    "  --genesis FILE  the network: config and alloc as geth's genesis.json has them\n"
    "  --no-state      check what can be checked without a state: headers, seals, bodies, and the\n"
    "                  receipts of era1 files; the first block need not follow genesis\n"
    "  --no-seals      do not look at proofs of work\n"
    "  --last N        stop behind block N\n"
    "\n"
    "Example: infinity evm import --genesis mainnet.json 1000.blocks\n"
    "Exit status: 0 all blocks are good, 1 one was refused, 2 bad usage, 3 failure.\n";

struct options {
    const char *genesis;
    uint64_t last;
    bool has_state;
    bool has_seals;
};

/* A block that was imported, as far as later ones need it. */
struct kept {
    struct header header;
    struct hash hash;
    struct header ommers[OMMERS_MAX];
    size_t ommer_count;
};

struct import {
    struct options options;
    struct arena arena;   /* genesis and files */
    struct arena scratch; /* emptied after each block */
    struct chain_config config;
    struct chain_vm vm;
    struct flat_state state;
    struct kept kept[KEPT_COUNT]; /* by number modulo KEPT_COUNT */
    bool has_head;
    struct hash *hashes; /* of all blocks, by number */
    size_t hash_room;
    struct u256 total_difficulty;
    uint64_t head;
    uint64_t block_count, tx_count, gas;
    uint64_t begin_us, shown_us;
    bool shows_progress;
    const char *problem; /* beside a verdict */
};

static const struct kept *head_of(const struct import *import) {
    return &import->kept[import->head % KEPT_COUNT];
}

static void keep(struct import *import, const struct block *block, const struct hash *hash) {
    const uint64_t number = block->header.number;
    struct kept *const kept = &import->kept[number % KEPT_COUNT];
    *kept = (struct kept){.header = block->header, .hash = *hash};
    for (size_t i = 0; i < block->ommer_count && i < OMMERS_MAX; i++) {
        kept->ommers[kept->ommer_count++] = block->ommers[i];
    }
    if (number >= import->hash_room) {
        const size_t room = 2 * (size_t)number + 1024;
        struct hash *const hashes = realloc(import->hashes, room * sizeof *hashes);
        ASSERT(hashes != NULL);
        memset(hashes + import->hash_room, 0, (room - import->hash_room) * sizeof *hashes);
        import->hashes = hashes;
        import->hash_room = room;
    }
    import->hashes[number] = *hash;
    import->head = number;
    import->has_head = true;
}

static void block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct import *const import = ctx;
    *out = number < import->hash_room ? import->hashes[number] : (struct hash){{0}};
}

static size_t collect_ancestors(
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS], const struct import *import
) {
    size_t count = 0;
    while (count < OMMERS_GENERATIONS && count <= import->head) {
        const struct kept *const kept = &import->kept[(import->head - count) % KEPT_COUNT];
        if (kept->header.number != import->head - count) break;
        ancestors[count++] =
            (struct ommers_ancestor){&kept->header, kept->hash, kept->ommers, kept->ommer_count};
    }
    return count;
}

static bool root_inside(void *ctx, struct hash *root, const struct state_diff *diff) {
    struct import *const import = ctx;
    return flat_state_root(&import->state, &import->scratch, root, diff);
}

/* Executes block on the head's state. */
static enum block_verdict execute(
    struct import *import, const struct block *block, enum tx_verdict *tx_verdict
) {
    struct arena *const scratch = &import->scratch;
    const struct kept *const parent = head_of(import);
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS];
    const struct chain_rooter rooter = {root_inside, import};
    const struct state_reader reader = flat_state_reader(&import->state);
    const struct block_input input = {
        .config = &import->config,
        .parent = &parent->header,
        .parent_hash = &parent->hash,
        .block = block,
        .rooter = &rooter,
        .ancestors = ancestors,
        .ancestor_count = collect_ancestors(ancestors, import),
        .seal = import->options.has_seals ? &seal_cache_checker : NULL,
    };
    struct block_outcome outcome;
    struct hash root;
    chain_execute_block(scratch, &outcome, &import->vm, &reader, &input);
    *tx_verdict = outcome.tx_verdict;
    if (outcome.verdict != BLOCK_VALID) return outcome.verdict;
    const struct state_diff diff = state_diff(scratch, outcome.state);
    ASSERT(
        flat_state_root(&import->state, scratch, &root, &diff) && "a node of the trie is missing"
    );
    const enum block_verdict verdict = chain_check_state_root(&block->header, &root);
    if (verdict == BLOCK_VALID) ASSERT(flat_state_apply(&import->state, scratch, &diff));
    return verdict;
}

/* What can be said without a state. */
static enum block_verdict check(struct import *import, const struct block *block) {
    const struct header *const header = &block->header;
    const struct chain_rules rules =
        chain_rules_at(&import->config, header->number, header->timestamp);
    enum block_verdict verdict = BLOCK_VALID;
    if (import->has_head) {
        const struct kept *const parent = head_of(import);
        verdict = header_check_on(header, &parent->header, &parent->hash, &rules);
    }
    if (verdict == BLOCK_VALID) verdict = block_check_body(&import->scratch, block, &rules);
    if (verdict != BLOCK_VALID || !chain_is_proof_of_work(&rules)) return verdict;
    const struct header_seal *const seal = &seal_cache_checker;
    /* The genesis block is sealed by nobody. */
    const bool is_sealed = import->options.has_seals && header->number > 0;
    if (is_sealed && !seal->is_valid(seal->ctx, header)) return BLOCK_INVALID_SEAL;
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS];
    const size_t count = import->has_head ? collect_ancestors(ancestors, import) : 0;
    if (count < OMMERS_GENERATIONS && count < header->number) return BLOCK_VALID;
    return ommers_check(block, &import->config, ancestors, count, is_sealed ? seal : NULL);
}

static void show_progress(struct import *import) {
    const uint64_t now_us = clock_monotonic_us(&real_clock);
    if (!import->shows_progress || now_us - import->shown_us < PROGRESS_PERIOD_MS * 1000) return;
    import->shown_us = now_us;
    (void)fprintf(stderr, "\r\033[Kblock %" PRIu64, import->head);
    (void)fflush(stderr);
}

static int refuse(
    const struct import *import,
    const struct header *header,
    const struct hash *hash,
    enum block_verdict verdict,
    enum tx_verdict tx_verdict
) {
    char text[67];
    const bool is_tx = verdict == BLOCK_INVALID_TRANSACTION && tx_verdict != TX_VALID;
    text[hex_encode(text, BYTES_OF(hash->bytes))] = '\0';
    if (import->shows_progress) (void)fprintf(stderr, "\r\033[K");
    (void)printf("block %" PRIu64 " %s refused: ", header->number, text);
    if (import->problem != NULL) {
        (void)printf("%s\n", import->problem);
    } else {
        (void)printf(
            "%s (%s)\n", is_tx ? tx_verdict_name(tx_verdict) : block_verdict_name(verdict),
            is_tx ? tx_verdict_text(tx_verdict) : block_verdict_text(verdict)
        );
    }
    return EXIT_NO;
}

/* The receipts of an era1 file against the header. */
static const char *check_receipts(
    struct arena *scratch, const struct block *block, struct bytes encoded
) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    const size_t count = rlp_count(&reader);
    struct receipt *const receipts = ARENA_ARRAY(scratch, struct receipt, count);
    struct bloom bloom = {{0}};
    struct hash root;
    if (count != block->tx_count) return "the file has another number of receipts";
    for (size_t i = 0; i < count; i++) {
        const struct rlp_item item = rlp_read_item(&reader);
        const struct bytes one = item.is_list ? item.whole : item.payload;
        if (receipt_decode(scratch, &receipts[i], one) != RECEIPT_VALID) {
            return "a receipt of the file does not decode";
        }
        const struct bloom own = receipt_logs_bloom(receipts[i].logs, receipts[i].log_count);
        bloom_merge(&bloom, &own);
    }
    rlp_leave(&reader, list);
    if (rlp_finish(&reader) != RLP_VALID) return "the receipts of the file are not well-formed RLP";
    const uint64_t gas = count == 0 ? 0 : receipts[count - 1].cumulative_gas_used;
    if (gas != block->header.gas_used) return "the file's receipts have other gas used";
    if (!bytes_equal(BYTES_OF(bloom.bytes), BYTES_OF(block->header.logs_bloom.bytes))) {
        return "the file's receipts have another logs bloom";
    }
    receipts_root(scratch, &root, receipts, count);
    if (hash_equal(&root, &block->header.receipts_root)) return NULL;
    return "the file's receipts have another root";
}

static const char *check_era1(
    struct import *import, const struct block *block, const struct era1_block *era
) {
    struct u256 total = import->total_difficulty;
    (void)u256_add_wrapping(&total, &total, &block->header.difficulty);
    const bool is_first = !import->options.has_state && !import->has_head;
    if (!is_first && !u256_equal(&total, &era->total_difficulty)) {
        return "the file has another total difficulty";
    }
    if (is_first) {
        (void)u256_sub_wrapping(
            &import->total_difficulty, &era->total_difficulty, &block->header.difficulty
        );
    }
    return check_receipts(&import->scratch, block, era->receipts);
}

/* era is NULL for a block in RLP alone. */
static int one_block(
    struct import *import,
    const struct block *block,
    enum block_verdict verdict,
    enum tx_verdict tx_verdict,
    const struct era1_block *era
) {
    const struct header *const header = &block->header;
    struct hash hash;
    header_hash(&hash, header);
    const bool is_genesis = import->options.has_state && header->number == 0;
    if (verdict == BLOCK_VALID && is_genesis && !hash_equal(&hash, &import->hashes[0])) {
        import->problem = "it is not the genesis block of this network";
        return refuse(import, header, &hash, verdict, tx_verdict);
    }
    if (verdict == BLOCK_VALID && is_genesis) return EXIT_GOOD;
    if (verdict == BLOCK_VALID && era != NULL) import->problem = check_era1(import, block, era);
    if (import->problem != NULL) return refuse(import, header, &hash, verdict, tx_verdict);
    if (verdict == BLOCK_VALID) {
        verdict =
            import->options.has_state ? execute(import, block, &tx_verdict) : check(import, block);
    }
    if (verdict != BLOCK_VALID) return refuse(import, header, &hash, verdict, tx_verdict);
    (void
    )u256_add_wrapping(&import->total_difficulty, &import->total_difficulty, &header->difficulty);
    keep(import, block, &hash);
    import->block_count++;
    import->tx_count += block->tx_count;
    import->gas += header->gas_used;
    show_progress(import);
    return EXIT_GOOD;
}

static bool is_done(const struct import *import) {
    return import->has_head && import->head >= import->options.last;
}

static int import_rlp(struct import *import, const char *path, struct bytes file) {
    struct rlp_reader reader = rlp_read(file);
    int status = EXIT_GOOD;
    while (status == EXIT_GOOD && rlp_more(&reader) && !is_done(import)) {
        struct block block;
        enum tx_verdict tx_verdict = TX_VALID;
        const struct bytes encoded = rlp_read_item(&reader).whole;
        if (reader.verdict != RLP_VALID) break;
        const enum block_verdict verdict =
            block_decode(&import->scratch, &block, &tx_verdict, encoded);
        if (verdict != BLOCK_VALID && verdict != BLOCK_INVALID_TRANSACTION) {
            return command_failure(
                command_name, "%s: behind block %" PRIu64 ": %s", path, import->head,
                block_verdict_text(verdict)
            );
        }
        status = one_block(import, &block, verdict, tx_verdict, NULL);
        arena_reset(&import->scratch);
    }
    if (reader.verdict == RLP_VALID) return status;
    return command_failure(
        command_name, "%s: behind block %" PRIu64 ": %s", path, import->head,
        rlp_verdict_text(reader.verdict)
    );
}

static int import_era1(struct import *import, const char *path, struct bytes file) {
    struct era1_reader reader;
    struct era1_block era;
    const char *problem;
    era1_begin(&reader, &import->arena, file);
    while (era1_next(&reader, &import->scratch, &era, &problem)) {
        struct block block;
        enum tx_verdict tx_verdict = TX_VALID;
        memset(&block, 0, sizeof block);
        enum block_verdict verdict = header_decode(&block.header, era.header);
        if (verdict == BLOCK_VALID) {
            verdict = block_decode_body(&import->scratch, &block, &tx_verdict, era.body);
        }
        if (verdict != BLOCK_VALID && verdict != BLOCK_INVALID_TRANSACTION) {
            problem = block_verdict_text(verdict);
            break;
        }
        const int status = one_block(import, &block, verdict, tx_verdict, &era);
        arena_reset(&import->scratch);
        if (status != EXIT_GOOD || is_done(import)) return status;
    }
    if (problem == NULL) return EXIT_GOOD;
    return command_failure(
        command_name, "%s: behind block %" PRIu64 ": %s", path, import->head, problem
    );
}

static int read_file(struct import *import, struct bytes *out, const char *path) {
    const struct value_name name = {command_name, "FILE"};
    return value_file(&import->arena, out, name, path, IMPORT_FILE_MAX);
}

/* The network; and with a state, the genesis block as the head. */
static int read_genesis(struct import *import) {
    struct bytes text;
    const struct json *json;
    struct genesis *const genesis = ARENA_NEW(&import->arena, struct genesis);
    const char *const path = import->options.genesis;
    const int status = read_file(import, &text, path);
    if (status != EXIT_GOOD) return status;
    const enum json_verdict verdict = json_parse(&import->arena, &json, text, &json_limits_file);
    if (verdict != JSON_VALID) {
        return command_failure(command_name, "%s: %s", path, json_verdict_text(verdict));
    }
    if (!import->options.has_state) {
        genesis_file_config(&import->config, json_get(json, "config"));
        return EXIT_GOOD;
    }
    const char *const wrong = genesis_file_read(&import->arena, genesis, json);
    if (wrong != NULL) return command_failure(command_name, "%s: %s", path, wrong);
    import->config = genesis->config;
    struct state *const state = ARENA_NEW(&import->arena, struct state);
    state_init(state, &import->arena, &genesis_empty_reader);
    genesis_fill_state(state, genesis);
    const struct state_diff diff = state_diff(&import->arena, state);
    ASSERT(flat_state_apply(&import->state, &import->arena, &diff));
    struct block block;
    struct hash hash;
    genesis_block(&block, genesis, &import->state.root);
    header_hash(&hash, &block.header);
    keep(import, &block, &hash);
    import->total_difficulty = block.header.difficulty;
    return EXIT_GOOD;
}

static void print_end(const struct import *import) {
    char hash[67];
    char difficulty[80];
    if (import->shows_progress) (void)fprintf(stderr, "\r\033[K");
    const double seconds = (double)(clock_monotonic_us(&real_clock) - import->begin_us + 1) / 1e6;
    hash[hex_encode(hash, BYTES_OF(head_of(import)->hash.bytes))] = '\0';
    (void)u256_to_decimal(difficulty, &import->total_difficulty);
    (void)printf(
        "%s %" PRIu64 " blocks, %" PRIu64 " transactions, %" PRIu64 " gas in %.1f s\n"
        "head %" PRIu64 " %s, total difficulty %s\n",
        import->options.has_state ? "ran" : "checked", import->block_count, import->tx_count,
        import->gas, seconds, import->head, hash, difficulty
    );
}

static int import_files(struct import *import, char **paths, int count) {
    int status = read_genesis(import);
    for (int i = 0; i < count && status == EXIT_GOOD && !is_done(import); i++) {
        struct bytes file;
        status = read_file(import, &file, paths[i]);
        if (status != EXIT_GOOD) break;
        status = era1_is(file) ? import_era1(import, paths[i], file)
                               : import_rlp(import, paths[i], file);
    }
    if (import->has_head) print_end(import);
    return status;
}

static int take_options(struct options *options, int argc, char **argv) {
    enum { GENESIS = 256, NO_STATE, NO_SEALS, LAST };
    static const struct option known[] = {
        {"genesis", required_argument, NULL, GENESIS},
        {"no-state", no_argument, NULL, NO_STATE},
        {"no-seals", no_argument, NULL, NO_SEALS},
        {"last", required_argument, NULL, LAST},
        {NULL, 0, NULL, 0},
    };
    const struct value_name last = {command_name, "--last"};
    opterr = 0;
    for (int id; (id = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (id == ':' || id == '?') return command_bad_option(command_name, id, argv[optind - 1]);
        if (id == GENESIS) options->genesis = optarg;
        if (id == NO_STATE) options->has_state = false;
        if (id == NO_SEALS) options->has_seals = false;
        if (id != LAST) continue;
        const int status = value_u64(&options->last, last, optarg, 0, UINT64_MAX);
        if (status != EXIT_GOOD) return status;
    }
    if (options->genesis == NULL) return command_usage_error(command_name, "--genesis is missing");
    if (optind == argc) return command_usage_error(command_name, "no files of blocks");
    return EXIT_GOOD;
}

int cmd_import(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") != 0) continue;
        return fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_GOOD;
    }
    struct options options = {.last = UINT64_MAX, .has_state = true, .has_seals = true};
    int status = take_options(&options, argc, argv);
    if (status != EXIT_GOOD) return status;
    struct import *const import = calloc(1, sizeof *import);
    ASSERT(import != NULL);
    import->options = options;
    import->begin_us = clock_monotonic_us(&real_clock);
    import->shows_progress = isatty(STDERR_FILENO);
    arena_init(&import->arena, &heap_source);
    arena_init(&import->scratch, &heap_source);
    flat_state_init(&import->state, &heap_source, block_hash, import);
    import->vm.evm = evm_create(&heap_source, CODE_CACHE_SIZE);
    status = import_files(import, argv + optind, argc - optind);
    evm_destroy(import->vm.evm);
    flat_state_free(&import->state);
    arena_reset(&import->scratch);
    arena_reset(&import->arena);
    free(import->hashes);
    free(import);
    return status;
}
