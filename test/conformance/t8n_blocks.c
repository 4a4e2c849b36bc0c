/* Blocks of blockchain tests, made by `infinity evm t8n` one after the other: each runs on the state that
 * it wrote for the one before, in the environment that the block's header tells, by the rules that the
 * test's network has at that moment. Roots, gas and blooms must be the header's.
 *
 *   t8n_blocks PATH-OF-INFINITY
 *
 * The networks are those with a step between two forks. Of each file the first tests are run, of each test
 * the blocks up to the first that is not to be taken.
 */
#include "codec/rlp.h"
#include "programs.h"
#include "vectors.h"

#include <ftw.h>
#include <strings.h>

#include <inttypes.h>

enum { TESTS_OF_A_FILE = 2, PATH_SIZE = 1024, DETAIL_SIZE = 200 };

static char *infinity_path;
static struct arena arena;

/* A number written in hex or decimal, or 0. */
static uint64_t number_of(const json_t *json) {
    const char *const text = json_string_value(json);
    return text == NULL ? 0 : strtoull(text, NULL, 0);
}

/* ---- What goes in ---- */

/* The transactions of an encoded block, as hex. */
static json_t *transactions_of(const json_t *encoded) {
    struct bytes block;
    if (!vectors_hex(&arena, &block, vectors_text(encoded))) return NULL;
    struct rlp_reader reader = rlp_read(block);
    const struct rlp_list whole = rlp_enter(&reader);
    (void)rlp_read_item(&reader); /* the header */
    const struct rlp_item list = rlp_read_item(&reader);
    while (rlp_more(&reader)) {
        (void)rlp_read_item(&reader);
    }
    rlp_leave(&reader, whole);
    if (rlp_finish(&reader) != RLP_VALID || !list.is_list) return NULL;
    char *const text = arena_alloc(&arena, HEX_TEXT_SIZE(list.whole.len) + 1, 1);
    const size_t len = hex_encode(text, list.whole);
    return json_stringn(text, len);
}

static void copy(json_t *env, const char *name, const json_t *header, const char *member) {
    json_t *const value = json_object_get(header, member);
    if (value != NULL) (void)json_object_set(env, name, value);
}

static json_t *ommers_of(const json_t *block, uint64_t number) {
    json_t *const list = json_array();
    size_t i;
    json_t *header;
    json_array_foreach(json_object_get(block, "uncleHeaders"), i, header) {
        const uint64_t own = number_of(json_object_get(header, "number"));
        json_t *const address = json_object_get(header, "coinbase");
        (void)json_array_append_new(
            list, json_pack("{s:I,s:O}", "delta", (json_int_t)(number - own), "address", address)
        );
    }
    return list;
}

static json_t *environment_of(const json_t *block, json_t *hashes) {
    static const char *const members[][2] = {
        {"currentCoinbase", "coinbase"},
        {"currentGasLimit", "gasLimit"},
        {"currentNumber", "number"},
        {"currentTimestamp", "timestamp"},
        {"currentDifficulty", "difficulty"},
        {"currentBaseFee", "baseFeePerGas"},
        {"currentExcessBlobGas", "excessBlobGas"},
        {"parentBeaconBlockRoot", "parentBeaconBlockRoot"},
    };
    const json_t *const header = json_object_get(block, "blockHeader");
    json_t *const env = json_object();
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        copy(env, members[i][0], header, members[i][1]);
    }
    if (number_of(json_object_get(header, "difficulty")) == 0) {
        copy(env, "currentRandom", header, "mixHash");
    }
    copy(env, "withdrawals", block, "withdrawals");
    (void)json_object_set(env, "blockHashes", hashes);
    (void)json_object_set_new(
        env, "ommers", ommers_of(block, number_of(json_object_get(header, "number")))
    );
    return env;
}

/* ---- What comes out ---- */

static bool is_same(const json_t *wanted, const json_t *given) {
    const char *const one = json_string_value(wanted);
    const char *const other = json_string_value(given);
    if (one == NULL || other == NULL) return false;
    if (strlen(one) > 18) return strcasecmp(one, other) == 0;
    return number_of(wanted) == number_of(given);
}

static bool judge(char detail[DETAIL_SIZE], const json_t *header, const json_t *result) {
    static const char *const members[][2] = {
        {"stateRoot", "stateRoot"},       {"transactionsTrie", "txRoot"},
        {"receiptTrie", "receiptsRoot"},  {"bloom", "logsBloom"},
        {"gasUsed", "gasUsed"},           {"withdrawalsRoot", "withdrawalsRoot"},
        {"requestsHash", "requestsHash"}, {"blobGasUsed", "blobGasUsed"},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const json_t *const wanted = json_object_get(header, members[i][0]);
        if (wanted == NULL || is_same(wanted, json_object_get(result, members[i][1]))) continue;
        (void)snprintf(detail, DETAIL_SIZE, "%s", members[i][1]);
        return false;
    }
    return true;
}

/* *alloc becomes the state after the block. */
static bool run_block(
    char detail[DETAIL_SIZE],
    json_t **alloc,
    const json_t *block,
    json_t *hashes,
    const char *network,
    const char *chain_id
) {
    char *arguments[] = {
        infinity_path,
        "evm",
        "t8n",
        "--input.alloc=stdin",
        "--input.env=stdin",
        "--input.txs=stdin",
        "--output.alloc=stdout",
        "--output.result=stdout",
        "--state.fork",
        (char *)(uintptr_t)network,
        "--state.chainid",
        (char *)(uintptr_t)chain_id,
        NULL,
    };
    char *out;
    char *err;
    json_t *const given = json_pack(
        "{s:O,s:o,s:o}", "alloc", *alloc, "env", environment_of(block, hashes), "txsRlp",
        transactions_of(json_object_get(block, "rlp"))
    );
    char *const text = json_dumps(given, 0);
    const int status = program_run(arguments, text, &out, &err);
    json_t *const answer = json_loads(out, 0, NULL);
    bool good = status == 0;
    if (!good) (void)snprintf(detail, DETAIL_SIZE, "%.150s", err);
    if (good) {
        good =
            judge(detail, json_object_get(block, "blockHeader"), json_object_get(answer, "result"));
        json_decref(*alloc);
        *alloc = json_incref(json_object_get(answer, "alloc"));
    }
    json_decref(answer);
    json_decref(given);
    free(text);
    free(out);
    free(err);
    arena_reset(&arena);
    return good;
}

/* ---- Tests ---- */

static void run_test(const char *file, const char *name, const json_t *test, const char *network) {
    char shown[DETAIL_SIZE * 3];
    char detail[DETAIL_SIZE] = "";
    const json_t *const id = json_object_get(json_object_get(test, "config"), "chainid");
    const json_t *parent = json_object_get(test, "genesisBlockHeader");
    json_t *alloc = json_incref(json_object_get(test, "pre"));
    json_t *const hashes = json_object();
    const json_t *block;
    bool good = true;
    size_t i;
    json_array_foreach(json_object_get(test, "blocks"), i, block) {
        const json_t *const header = json_object_get(block, "blockHeader");
        const json_t *const parent_hash = json_object_get(parent, "hash");
        if (header == NULL || json_object_get(block, "expectException") != NULL) break;
        if (!json_equal(json_object_get(header, "parentHash"), parent_hash)) break;
        (void)json_object_set(
            hashes, json_string_value(json_object_get(parent, "number")),
            (json_t *)(uintptr_t)parent_hash
        );
        good = run_block(
            detail, &alloc, block, hashes, network, id == NULL ? "1" : json_string_value(id)
        );
        (void)snprintf(
            shown, sizeof shown, "%.300s, block %" PRIu64 ": %s", name,
            number_of(json_object_get(header, "number")), detail
        );
        vectors_count(good, file, shown);
        if (!good) break;
        parent = header;
    }
    json_decref(hashes);
    json_decref(alloc);
}

static void run_file(const char *file) {
    json_t *const root = vectors_load(file);
    const char *name;
    json_t *test;
    size_t count = 0;
    json_object_foreach(root, name, test) {
        const char *const network = json_string_value(json_object_get(test, "network"));
        const char *const step = network == NULL ? NULL : strstr(network, "To");
        if (step == NULL || count++ == TESTS_OF_A_FILE) continue;
        run_test(file, name, test, network);
    }
    json_decref(root);
}

static int on_file(const char *path, const struct stat *info, int kind, struct FTW *place) {
    const size_t len = strlen(path);
    (void)info;
    (void)place;
    if (kind == FTW_F && len > 5 && strcmp(path + len - 5, ".json") == 0) {
        run_file(path + strlen(vectors_root()) + 1);
    }
    return 0;
}

int main(int argc, char **argv) {
    static const char *const folders[] = {
        "evm/legacy_blockchain/Cancun/BlockchainTests/TransitionTests",
        "evm/eest_blockchain_osaka/blockchain_tests_devnet/for_shanghaitocancunattime15k",
        "evm/eest_blockchain_osaka/blockchain_tests_devnet/for_cancuntopragueattime15k",
        "evm/eest_blockchain_osaka/blockchain_tests_devnet/for_praguetoosakaattime15k",
        "evm/eest_blockchain_osaka/blockchain_tests_devnet/for_osakatobpo1attime15k",
        "evm/eest_blockchain_osaka/blockchain_tests_devnet/for_bpo1tobpo2attime15k",
    };
    if (argc != 2) {
        (void)fputs("Usage: t8n_blocks PATH-OF-INFINITY\n", stderr);
        return 2;
    }
    infinity_path = argv[1];
    vectors_need("evm/legacy_blockchain");
    vectors_need("evm/eest_blockchain_osaka");
    arena_init(&arena, &heap_source);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char path[PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), folders[i]);
        if (nftw(path, on_file, 16, FTW_PHYS) != 0) {
            vectors_count(false, folders[i], "cannot be read");
        }
    }
    return vectors_end();
}
