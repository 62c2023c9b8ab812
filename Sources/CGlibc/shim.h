// What the C library and the linker offer and Swift's Glibc module leaves out.

#include <stddef.h>

/// Returns free memory at the top of the heap, and free pages inside it, to the system (malloc_trim(3)).
extern int malloc_trim(size_t pad);

/// Where the program's headers, constants and code begin in memory, and where its code ends: symbols of the linker.
/// Nothing between them is ever written.
static inline void *program_begin(void) {
    extern char __executable_start[];
    return __executable_start;
}

static inline void *program_code_end(void) {
    extern char etext[];
    return etext;
}
