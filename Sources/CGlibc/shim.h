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
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/// Binds a socket and does not listen: until it is closed, the system chooses its port for nobody else, and a program
/// that sets SO_REUSEADDR can listen at it (socket(7)).
/// - address: IPv4, in the machine's byte order.
/// - port: 0 for one that the system chooses, which is put there.
/// The socket, or -1 and `errno`: EADDRINUSE where somebody listens at the port.
static inline int bind_port(unsigned int address, int *port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    int on = 1;
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(address)};
    socklen_t length = sizeof name;
    if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0
        || bind(descriptor, (struct sockaddr *)&name, sizeof name) < 0
        || getsockname(descriptor, (struct sockaddr *)&name, &length) < 0) {
        close(descriptor);
        return -1;
    }
    *port = ntohs(name.sin_port);
    return descriptor;
}

/// Takes a name that one process of this machine's network can have at a time, until it ends or closes what is
/// returned: a socket of the abstract namespace (unix(7)). -1 and `errno` (EADDRINUSE) where another has it.
static inline int take_name(const char *name) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
    if (bind(descriptor, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + length) < 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}
