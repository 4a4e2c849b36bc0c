/* values: the head's accounts and slots, with those of late in memory.
 *
 * Every block reads the accounts and slots of the system contracts, twice where it was built here, and
 * writes what it has just read. The cache spares those searches of a table. Like that of nodes it
 * belongs to the writing thread, and holds the state of its transaction, or of the last commit where
 * none is open.
 */
#ifndef STORE_VALUES_H
#define STORE_VALUES_H

#include "store/tables.h"

#define VALUE_CACHE_COUNT 1024 /* a power of two; some 200 bytes each */

struct value_cache;

struct value_cache *value_cache_create(void);
void value_cache_destroy(struct value_cache *cache);

/* Forgets everything. */
void value_cache_clear(struct value_cache *cache);

/* key's encoded value, empty where it has none; false where the cache does not know. Borrows until the
 * next call with this cache. */
MUST_USE bool value_cache_get(
    const struct value_cache *cache, struct bytes *value, const struct state_key *key
);

/* value may be no longer than a struct key holds. */
void value_cache_set(struct value_cache *cache, const struct state_key *key, struct bytes value);

#endif
