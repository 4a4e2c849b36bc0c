/* Transactions of every type up to 3 as ethers signs them, and blob transactions in network form. */
#include "chain/tx.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "vectors.h"

#include <dirent.h>

static struct arena arena;
static struct ecdsa_signer signer;
static struct kzg_setup *kzg;

static bool hex_member(
    struct bytes *out, const json_t *object, const char *prefix, const char *name
) {
    char key[64];
    (void)snprintf(key, sizeof key, "%s%s", prefix, name);
    return vectors_hex(&arena, out, vectors_text(json_object_get(object, key)));
}

/* Decodes one encoding, compares what is signed, who signed and the bytes again; and signs it anew,
 * which is deterministic. */
static bool check_encoding(const json_t *entry, const char *name) {
    struct bytes encoded;
    struct bytes to_sign;
    struct bytes key;
    struct ecdsa_secret_key secret;
    struct ecdsa_public_key public_key;
    struct ecdsa_signature signature;
    struct address sender;
    struct hash digest;
    struct hash expected;
    struct tx tx;
    if (!hex_member(&encoded, entry, "signed", name)) return false;
    if (!hex_member(&to_sign, entry, "unsigned", name)) return false;
    if (encoded.len == 0) return to_sign.len == 0; /* no such form: no chain id, or no recipient */
    if (!hex_member(&key, entry, "privateKey", "") || key.len != sizeof secret.bytes) return false;
    memcpy(secret.bytes, key.data, key.len);

    if (tx_decode(&arena, &tx, encoded) != TX_VALID) return false;
    tx_signing_hash(&arena, &digest, &tx);
    keccak256(&expected, to_sign);
    if (!hash_equal(&digest, &expected)) return false;

    struct chain_config config = chain_config_at(tx.chain_id, FORK_OSAKA);
    const struct chain_rules rules = chain_rules_at(&config, 0, 0);
    if (tx_sender(&arena, &sender, &tx, &rules) != TX_VALID) return false;
    if (ecdsa_public_key_of(&signer, &public_key, &secret) != ECDSA_VALID) return false;
    const struct address account = ecdsa_address(&public_key);
    if (!address_equal(&account, &sender)) return false;
    if (!bytes_equal(tx_encode(&arena, &tx), encoded)) return false;

    if (ecdsa_sign_recoverable(&signer, &signature, &digest, &secret) != ECDSA_VALID) return false;
    tx.r = signature.r;
    tx.s = signature.s;
    tx.y_parity = signature.recovery_id;
    return bytes_equal(tx_encode(&arena, &tx), encoded);
}

static void run_ethers(void) {
    static const char file[] = "evm/transactions_ethers/ethers/transactions.json";
    static const char *const names[] = {"Legacy", "Eip155", "Berlin", "London", "Cancun"};
    json_t *const entries = vectors_load(file);
    size_t index;
    json_t *entry;
    json_array_foreach(entries, index, entry) {
        bool good = true;
        const struct arena_mark mark = arena_mark(&arena);
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            good = good && check_encoding(entry, names[i]);
        }
        vectors_count(good, file, json_string_value(json_object_get(entry, "name")));
        arena_rewind(&arena, mark);
    }
    json_decref(entries);
}

static bool read_hex_file(struct bytes *out, const char *path) {
    FILE *const file = fopen(path, "rb");
    if (file == NULL) return false;
    uint8_t *const text = arena_alloc_raw(&arena, VECTORS_BYTES_MAX, 1);
    size_t len = fread(text, 1, VECTORS_BYTES_MAX, file);
    (void)fclose(file);
    while (len > 0 && text[len - 1] <= ' ')
        len--;
    return vectors_hex(&arena, out, bytes_from(text, len));
}

/* Whether a pool would take it: form, hashes and proofs. */
static bool is_acceptable(struct bytes encoded) {
    struct tx tx;
    struct tx_sidecar sidecar;
    struct bytes consensus;
    bool has_sidecar;
    if (tx_decode_network(&arena, &tx, &consensus, &has_sidecar, &sidecar, encoded) != TX_VALID) {
        return false;
    }
    if (!has_sidecar || !tx_check_sidecar_hashes(&tx, &sidecar)) return false;
    if (!bytes_equal(tx_encode_network(&arena, &tx, &sidecar), encoded)) return false;
    if (!bytes_equal(tx_encode(&arena, &tx), consensus)) return false;
    const struct kzg_commitment *const commitments = (const void *)sidecar.commitments;
    const struct kzg_proof *const proofs = (const void *)sidecar.proofs;
    const size_t count = sidecar.blob_count;
    const enum kzg_verdict verdict = sidecar.version == 0
        ? kzg_verify_blob_proof_batch(kzg, sidecar.blobs, commitments, proofs, count)
        : kzg_verify_blob_cell_proofs(kzg, &arena, sidecar.blobs, commitments, proofs, count);
    return verdict == KZG_VALID;
}

static void run_blobs(const char *folder, bool is_valid) {
    char path[VECTORS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/evm/blob_tx_rlp/%s", vectors_root(), folder);
    DIR *const directory = opendir(path);
    for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char file[VECTORS_PATH_MAX + sizeof entry->d_name + 1];
        struct bytes encoded;
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        const bool good = read_hex_file(&encoded, file) && is_acceptable(encoded) == is_valid;
        vectors_count(good, folder, entry->d_name);
        arena_reset(&arena);
    }
    if (directory != NULL) (void)closedir(directory);
}

int main(void) {
    struct arena setup_arena;
    vectors_need("evm/transactions_ethers");
    vectors_need("evm/blob_tx_rlp");
    arena_init(&arena, &heap_source);
    arena_init(&setup_arena, &heap_source);
    ecdsa_signer_init(&signer, NULL);
    kzg = kzg_setup_create(&setup_arena);
    run_ethers();
    run_blobs("4844rlp", true);
    run_blobs("7594rlp", true);
    run_blobs("7594rlp-invalid", false);
    kzg_setup_destroy(kzg);
    arena_reset(&setup_arena);
    arena_reset(&arena);
    return vectors_end();
}
