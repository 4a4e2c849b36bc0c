#include "chain/tx.h"

#include "base/test.h"
#include "chain/genesis.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"

#include <stdio.h>

static struct arena arena;

static struct bytes hex(const char *text) {
    struct bytes bytes;
    assert_int_equal(
        hex_decode_arena(&arena, &bytes, bytes_from(text, strlen(text)), (size_t)1 << 20), HEX_VALID
    );
    return bytes;
}

static struct chain_rules rules_of(enum fork fork) {
    const struct chain_config config = chain_config_at(1, fork);
    return chain_rules_at(&config, 1, 1);
}

/* The example of EIP-155. */
static const char eip155_example[] =
    "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
    "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7"
    "03304b3800ccf555c9f3dc64214b297fb1966a3b6d83";

TEST(the_example_of_eip_155_decodes_and_has_its_sender) {
    struct tx tx;
    struct address sender;
    struct hash hash;
    arena_init(&arena, &test_heap);
    const struct bytes encoded = hex(eip155_example);
    const struct chain_rules rules = rules_of(FORK_OSAKA);
    assert_int_equal(tx_decode(&arena, &tx, encoded), TX_VALID);
    assert_int_equal(tx.type, TX_TYPE_LEGACY);
    assert_true(tx.is_protected);
    assert_int_equal(tx.chain_id, 1);
    assert_int_equal(tx.nonce, 9);
    assert_int_equal(tx.gas_limit, 21000);
    tx_signing_hash(&arena, &hash, &tx);
    assert_bytes_equal(
        BYTES_OF(hash), hex("0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53")
    );
    assert_int_equal(tx_sender(&arena, &sender, &tx, &rules), TX_VALID);
    assert_bytes_equal(BYTES_OF(sender), hex("0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"));
    assert_bytes_equal(tx_encode(&arena, &tx), encoded);
    assert_int_equal(tx_check(&tx, &rules), TX_VALID);
    arena_reset(&arena);
}

TEST(a_transaction_of_another_chain_or_before_eip_155_is_refused) {
    struct tx tx;
    struct address sender;
    arena_init(&arena, &test_heap);
    assert_int_equal(tx_decode(&arena, &tx, hex(eip155_example)), TX_VALID);
    struct chain_rules rules = rules_of(FORK_OSAKA);
    rules.chain_id = 2;
    assert_int_equal(tx_sender(&arena, &sender, &tx, &rules), TX_INVALID_CHAINID);
    rules = rules_of(FORK_TANGERINE_WHISTLE);
    assert_int_equal(tx_sender(&arena, &sender, &tx, &rules), TX_INVALID_SIGNATURE_VRS);
    arena_reset(&arena);
}

TEST(a_high_s_is_refused_from_homestead_on) {
    struct tx tx;
    struct address sender;
    struct address flipped;
    arena_init(&arena, &test_heap);
    assert_int_equal(tx_decode(&arena, &tx, hex(eip155_example)), TX_VALID);
    tx.is_protected = false;
    tx.chain_id = 0;
    const struct chain_rules frontier = rules_of(FORK_FRONTIER);
    const struct chain_rules homestead = rules_of(FORK_HOMESTEAD);
    assert_int_equal(tx_sender(&arena, &sender, &tx, &homestead), TX_VALID);
    u256_sub_wrapping(&tx.s, &ecdsa_order, &tx.s);
    tx.y_parity ^= 1;
    assert_int_equal(tx_sender(&arena, &flipped, &tx, &homestead), TX_INVALID_SIGNATURE_VRS);
    assert_int_equal(tx_sender(&arena, &flipped, &tx, &frontier), TX_VALID);
    assert_true(address_equal(&sender, &flipped));
    arena_reset(&arena);
}

/* Nobody holds the key of the CREATE2 deployer's maker: r and s were chosen, and the sender, hence
 * the address, follows. That the known address comes out proves our copy of the code. */
TEST(the_create2_deployer_comes_from_its_keyless_transaction) {
    const struct system_contract *const deployer =
        &genesis_system_contracts[SYSTEM_CREATE2_DEPLOYER];
    static const uint8_t deploy[] = {0x60, 0x45, 0x80, 0x60, 0x0e, 0x60, 0x00,
                                     0x39, 0x80, 0x60, 0x00, 0xf3, 0x50, 0xfe};
    uint8_t initcode[256];
    struct address sender;
    arena_init(&arena, &test_heap);
    memcpy(initcode, deploy, sizeof deploy);
    memcpy(initcode + sizeof deploy, deployer->code.data, deployer->code.len);
    struct tx tx = {
        .type = TX_TYPE_LEGACY,
        .is_create = true,
        .gas_limit = 100000,
        .max_fee_per_gas = u256_from_u64(100000000000),
        .data = {initcode, sizeof deploy + deployer->code.len},
    };
    memset(&tx.r, 0x22, sizeof tx.r);
    memset(&tx.s, 0x22, sizeof tx.s);
    const struct chain_rules rules = rules_of(FORK_OSAKA);
    assert_int_equal(tx_sender(&arena, &sender, &tx, &rules), TX_VALID);
    assert_bytes_equal(BYTES_OF(sender), hex("0x3fab184622dc19b6109349b94811493bf2a45362"));

    struct hash hash;
    struct rlp_writer writer = rlp_writer_in(&arena, 64);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_address(&writer, &sender);
    rlp_write_u64(&writer, 0);
    rlp_list_end(&writer, list);
    keccak256(&hash, rlp_written(&writer));
    assert_memory_equal(hash.bytes + 12, deployer->address.bytes, 20);
    arena_reset(&arena);
}

static const struct hash some_hash = {{1, 2, 3}};

/* A transaction of each type with every list filled. */
static struct tx full_tx(enum tx_type type) {
    static const struct tx_access access[2] = {
        {.address = {{1}}, .keys = &some_hash, .key_count = 1}, {.address = {{2}}}};
    static const struct tx_authorization authorization = {
        .address = {{3}}, .nonce = 7, .y_parity = 1, .r = {{5, 0, 0, 0}}, .s = {{6, 0, 0, 0}}};
    struct tx tx = {
        .type = type,
        .is_protected = true,
        .chain_id = 1,
        .nonce = 300,
        .gas_limit = 1000000,
        .max_fee_per_gas = u256_from_u64(70000),
        .max_priority_fee_per_gas = u256_from_u64(type >= TX_TYPE_DYNAMIC_FEE ? 7 : 70000),
        .value = U256_MAX,
        .to = {{4}},
        .data =
            BYTES_LITERAL("some data that is longer than fifty-five bytes, for the long form of RLP"
            ),
        .y_parity = 1,
        .r = u256_from_u64(9),
        .s = u256_from_u64(10),
    };
    if (type != TX_TYPE_LEGACY) {
        tx.access_list = access;
        tx.access_list_count = 2;
    }
    if (type == TX_TYPE_BLOB) {
        tx.max_fee_per_blob_gas = u256_from_u64(3);
        tx.blob_hashes = &some_hash;
        tx.blob_hash_count = 1;
    }
    if (type == TX_TYPE_SET_CODE) {
        tx.authorizations = &authorization;
        tx.authorization_count = 1;
    }
    return tx;
}

TEST(what_is_encoded_decodes_to_the_same_encoding) {
    for (enum tx_type type = TX_TYPE_LEGACY; type <= TX_TYPE_SET_CODE; type++) {
        struct tx back;
        arena_init(&arena, &test_heap);
        const struct tx tx = full_tx(type);
        const struct bytes encoded = tx_encode(&arena, &tx);
        assert_int_equal(tx_decode(&arena, &back, encoded), TX_VALID);
        assert_int_equal(back.type, type);
        assert_int_equal(back.access_list_count, tx.access_list_count);
        assert_int_equal(back.authorization_count, tx.authorization_count);
        assert_bytes_equal(tx_encode(&arena, &back), encoded);
        arena_reset(&arena);
    }
}

TEST(every_cut_and_every_extra_byte_is_refused) {
    for (enum tx_type type = TX_TYPE_LEGACY; type <= TX_TYPE_SET_CODE; type++) {
        struct tx back;
        arena_init(&arena, &test_heap);
        const struct tx tx = full_tx(type);
        const struct bytes encoded = tx_encode(&arena, &tx);
        for (size_t len = 0; len < encoded.len; len++) {
            assert_int_not_equal(tx_decode(&arena, &back, bytes_slice(encoded, 0, len)), TX_VALID);
        }
        uint8_t *const longer = arena_alloc(&arena, encoded.len + 1, 1);
        memcpy(longer, encoded.data, encoded.len);
        assert_int_equal(
            tx_decode(&arena, &back, bytes_from(longer, encoded.len + 1)), TX_RLP_ERROR_TRAILING
        );
        arena_reset(&arena);
    }
}

TEST(each_kind_of_bad_encoding_has_its_verdict) {
    static const struct {
        const char *text;
        enum tx_verdict verdict;
    } cases[] = {
        {"0x", TX_RLP_ERROR_EOF},
        {"0x00c0", TX_TYPE_NOT_SUPPORTED},
        {"0x05c0", TX_TYPE_NOT_SUPPORTED},
        {"0x7fc0", TX_TYPE_NOT_SUPPORTED},
        {"0x80", TX_TYPE_NOT_SUPPORTED},
        {"0xc0", TX_RLP_TOO_FEW_ELEMENTS},
        {"0x01", TX_RLP_ERROR_EOF},
        {"0x02c0", TX_RLP_TOO_FEW_ELEMENTS},
        {"0xc9808080808080808080", TX_INVALID_SIGNATURE_VRS}, /* v = 0 */
        {"0xc98080808080801b8080", TX_VALID},                 /* all zero: tx_sender judges */
        {"0xca8080808080801b808080", TX_RLP_TOO_MANY_ELEMENTS},
        {"0xc88080808080801b80", TX_RLP_TOO_FEW_ELEMENTS},
        {"0xc90080808080801b8080", TX_RLP_LEADING_ZEROS_NONCE}, /* 0 as a byte */
        {"0xc9c080808080801b8080", TX_RLP_INVALID_NONCE},       /* a list */
        {"0xca808080810080801b8080", TX_RLP_ERROR_SIZE},        /* a byte in two */
        {"0xc3808082", TX_RLP_ERROR_EOF},
        {"0xcb80808082123480801b8080", TX_ADDRESS_TOO_SHORT},
        {"0xd289ffffffffffffffffff80808080801b8080", TX_NONCE_OVERFLOW},
        {"0xd2808089ffffffffffffffffff8080801b8080", TX_GASLIMIT_OVERFLOW},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tx tx;
        arena_init(&arena, &test_heap);
        const enum tx_verdict verdict = tx_decode(&arena, &tx, hex(cases[i].text));
        if (verdict != cases[i].verdict) {
            print_error("%s: %s\n", cases[i].text, tx_verdict_name(verdict));
        }
        assert_int_equal(verdict, cases[i].verdict);
        arena_reset(&arena);
    }
}

TEST(types_come_with_their_forks_and_creations_only_where_allowed) {
    static const enum fork first[] = {
        FORK_FRONTIER, FORK_BERLIN, FORK_LONDON, FORK_CANCUN, FORK_PRAGUE};
    for (enum tx_type type = TX_TYPE_ACCESS_LIST; type <= TX_TYPE_SET_CODE; type++) {
        const struct tx tx = full_tx(type);
        const struct chain_rules before = rules_of(first[type] - 1);
        const enum tx_verdict pre_fork = (enum tx_verdict)(TX_TYPE_1_TX_PRE_FORK + (type - 1));
        assert_int_equal(tx_check(&tx, &before), pre_fork);
    }
    const struct chain_rules prague = rules_of(FORK_PRAGUE);
    struct tx blob = full_tx(TX_TYPE_BLOB);
    assert_int_equal(tx_check(&blob, &prague), TX_VALID);
    struct hash bad = some_hash;
    bad.bytes[0] = 2;
    blob.blob_hashes = &bad;
    assert_int_equal(tx_check(&blob, &prague), TX_TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH);
    blob.blob_hash_count = 0;
    assert_int_equal(tx_check(&blob, &prague), TX_TYPE_3_TX_ZERO_BLOBS);
    struct tx set_code = full_tx(TX_TYPE_SET_CODE);
    assert_int_equal(tx_check(&set_code, &prague), TX_VALID);
    set_code.authorization_count = 0;
    assert_int_equal(tx_check(&set_code, &prague), TX_TYPE_4_EMPTY_AUTHORIZATION_LIST);
}

TEST(gas_is_counted_as_each_fork_counts_it) {
    struct tx tx = {.type = TX_TYPE_LEGACY, .data = BYTES_LITERAL("\0\0abc")};
    const struct chain_rules frontier = rules_of(FORK_FRONTIER);
    const struct chain_rules berlin = rules_of(FORK_BERLIN);
    const struct chain_rules osaka = rules_of(FORK_OSAKA);
    assert_int_equal(tx_intrinsic_gas(&tx, &frontier), 21000 + 2 * 4 + 3 * 68);
    assert_int_equal(tx_intrinsic_gas(&tx, &berlin), 21000 + 2 * 4 + 3 * 16);
    assert_int_equal(tx_floor_gas(&tx, &berlin), 0);
    assert_int_equal(tx_floor_gas(&tx, &osaka), 21000 + 10 * (2 + 3 * 4));
    tx.is_create = true;
    assert_int_equal(tx_intrinsic_gas(&tx, &frontier), 21000 + 2 * 4 + 3 * 68);
    assert_int_equal(tx_intrinsic_gas(&tx, &berlin), 53000 + 2 * 4 + 3 * 16);
    assert_int_equal(tx_intrinsic_gas(&tx, &osaka), 53000 + 2 * 4 + 3 * 16 + 2);
    struct tx listed = full_tx(TX_TYPE_SET_CODE);
    listed.data = (struct bytes){NULL, 0};
    assert_int_equal(tx_intrinsic_gas(&listed, &osaka), 21000 + 2 * 2400 + 1900 + 25000);

    listed.gas_limit = TX_GAS_CAP;
    assert_int_equal(tx_check(&listed, &osaka), TX_VALID);
    listed.gas_limit = TX_GAS_CAP + 1;
    assert_int_equal(tx_check(&listed, &osaka), TX_GAS_LIMIT_EXCEEDS_MAXIMUM);
    listed.gas_limit = 52699;
    assert_int_equal(tx_check(&listed, &osaka), TX_INTRINSIC_GAS_TOO_LOW);
}

TEST(a_blob_transaction_travels_with_its_sidecar) {
    static uint8_t blob[TX_BLOB_SIZE];
    static uint8_t commitment[48] = {0xc0};
    static uint8_t proofs[TX_CELLS_PER_BLOB * 48];
    for (uint8_t version = 0; version <= 1; version++) {
        struct tx_sidecar sidecar = {
            .version = version,
            .blob_count = 1,
            .blobs = blob,
            .commitments = commitment,
            .proofs = proofs,
            .proof_count = version == 0 ? 1 : TX_CELLS_PER_BLOB,
        };
        struct tx back;
        struct tx_sidecar sidecar_back;
        struct bytes consensus;
        bool has_sidecar;
        arena_init(&arena, &test_heap);
        struct tx tx = full_tx(TX_TYPE_BLOB);
        const struct bytes network = tx_encode_network(&arena, &tx, &sidecar);
        assert_int_equal(
            tx_decode_network(&arena, &back, &consensus, &has_sidecar, &sidecar_back, network),
            TX_VALID
        );
        assert_true(has_sidecar);
        assert_int_equal(sidecar_back.version, version);
        assert_int_equal(sidecar_back.blob_count, 1);
        assert_int_equal(sidecar_back.proof_count, sidecar.proof_count);
        assert_bytes_equal(consensus, tx_encode(&arena, &tx));
        assert_false(tx_check_sidecar_hashes(&back, &sidecar_back));
        assert_int_equal(tx_decode(&arena, &back, network), TX_TYPE_3_TX_WITH_FULL_BLOBS);
        assert_int_not_equal(
            tx_decode_network(&arena, &back, &consensus, &has_sidecar, &sidecar_back, consensus),
            TX_VALID
        );
        arena_reset(&arena);
    }
}

TEST_MAIN(
    TEST_CASE(the_example_of_eip_155_decodes_and_has_its_sender),
    TEST_CASE(a_transaction_of_another_chain_or_before_eip_155_is_refused),
    TEST_CASE(a_high_s_is_refused_from_homestead_on),
    TEST_CASE(the_create2_deployer_comes_from_its_keyless_transaction),
    TEST_CASE(what_is_encoded_decodes_to_the_same_encoding),
    TEST_CASE(every_cut_and_every_extra_byte_is_refused),
    TEST_CASE(each_kind_of_bad_encoding_has_its_verdict),
    TEST_CASE(types_come_with_their_forks_and_creations_only_where_allowed),
    TEST_CASE(gas_is_counted_as_each_fork_counts_it),
    TEST_CASE(a_blob_transaction_travels_with_its_sidecar)
)
