#if canImport(Glibc)
    import CGlibc
    import Glibc

    /// The memory that the process holds while it has nothing to do.
    enum ResidentMemory {
        /// Gives back what is not needed just now: free heap, and the program's own code and constants, which come back
        /// page by page from the page cache when they are used again.
        static func giveBack() {
            _ = malloc_trim(0)
            guard let begin = program_begin(), let end = program_code_end() else { return }
            let page = sysconf(Int32(_SC_PAGESIZE))
            // Whole pages only: the page that the code ends in may begin what the program writes to.
            let length = (end - begin) / page * page
            if length > 0 { madvise(begin, length, MADV_DONTNEED) }
        }
    }
#else
    /// The memory that the process holds while it has nothing to do.
    enum ResidentMemory {
        /// Nothing to do where the system keeps account otherwise.
        static func giveBack() {}
    }
#endif
