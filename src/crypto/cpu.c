#include "crypto/cpu.h"

#if defined(__x86_64__)

/* CPUID leaf 7, EBX (Intel SDM, volume 2A). */
enum { BIT_BMI1 = 3, BIT_BMI2 = 8, BIT_ADX = 19, BIT_SHA = 29, BIT_ASKED = 32 };

/* cpuid is slow, and much slower under a hypervisor: it is asked once. Threads that come first
 * together store the same answer. */
static uint64_t features(void) {
    static uint64_t known;
    uint64_t answer = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (LIKELY(answer != 0)) return answer;

    uint32_t eax = 7, ebx = 0, ecx = 0, edx = 0;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    answer = (uint64_t)1 << BIT_ASKED | ebx;
    __atomic_store_n(&known, answer, __ATOMIC_RELAXED);
    return answer;
}

bool cpu_has_sha(void) {
    return (features() >> BIT_SHA & 1) != 0;
}

bool cpu_has_adx(void) {
    return (features() >> BIT_ADX & features() >> BIT_BMI2 & 1) != 0;
}

bool cpu_has_avx2(void) {
    return __builtin_cpu_supports("avx2") != 0; /* asks the system's part as well, at start-up */
}

bool cpu_has_bmi2(void) {
    return (features() >> BIT_BMI1 & features() >> BIT_BMI2 & 1) != 0;
}

#else

bool cpu_has_sha(void) {
    return false;
}

bool cpu_has_adx(void) {
    return false;
}

bool cpu_has_avx2(void) {
    return false;
}

bool cpu_has_bmi2(void) {
    return false;
}

#endif
