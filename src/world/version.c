#include "world/version.h"

#define TEXT_OF(x)  #x
#define VALUE_OF(x) TEXT_OF(x)

#if defined(__clang__)
#define COMPILER "clang" VALUE_OF(__clang_major__)
#else
#define COMPILER "gcc" VALUE_OF(__GNUC__)
#endif

#if defined(__x86_64__)
#define PLATFORM "linux-x86_64"
#elif defined(__aarch64__)
#define PLATFORM "linux-aarch64"
#else
#define PLATFORM "linux"
#endif

const char *version_text(void) {
    return INFINITY_VERSION;
}

const char *version_client(void) {
    return "Infinity/v" INFINITY_VERSION "/" PLATFORM "/" COMPILER;
}
