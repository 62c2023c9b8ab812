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

#include <net/if.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/// Sets the loopback interface of this process's network up, as `ip link set lo up` does. -1 and `errno` where it cannot.
static inline int loopback_up(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int result = ioctl(descriptor, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags |= IFF_UP;
        result = ioctl(descriptor, SIOCSIFFLAGS, &request);
    }
    close(descriptor);
    return result;
}

/// Asks the kernel to end this process when the one that started it ends (prctl(2)).
static inline int end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }
