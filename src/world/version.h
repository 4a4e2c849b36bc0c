/* version: what the program calls itself, in --version, web3_clientVersion and logs. */
#ifndef WORLD_VERSION_H
#define WORLD_VERSION_H

/* "0.1.0", as meson.build has it. */
const char *version_text(void);

/* "Infinity/v0.1.0/linux-x86_64/clang19", as web3_clientVersion answers. */
const char *version_client(void);

#endif
