/* seal_cache: proof of work checked with an ethash cache that all threads of a tool share.
 *
 * One epoch's cache is kept, 16 MiB and more, and made at its first use; headers best come in the
 * order of their numbers. It lives as long as the program.
 */
#ifndef CMD_SEAL_CACHE_H
#define CMD_SEAL_CACHE_H

#include "chain/ommers.h"

extern const struct header_seal seal_cache_checker;

#endif
