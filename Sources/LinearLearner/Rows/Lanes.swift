import Dispatch

/// Work on all cores whose result does not depend on how many there are.
enum Lanes {
    /// Into how many parts a pass over data is cut, whatever the machine: each part is summed in order, then the parts
    /// are, so that rounding is the same everywhere.
    ///
    /// - Parameter accumulatorSize: What each part sums into, in bytes: where it is large there are fewer parts.
    static func count(accumulatorSize: Int) -> Int { max(1, min(16, (1 << 26) / max(accumulatorSize, 1))) }

    /// Calls the body for each index below `count`, on as many threads as there are cores, and returns when all are done.
    static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1 else {
            if count == 1 { body(0) }
            return
        }
        withoutActuallyEscaping(body) { body in DispatchQueue.concurrentPerform(iterations: count, execute: body) }
    }
}

/// An array's elements, each of which one thread writes: that is why it may be sent.
struct SendableSlots<Element>: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Element>

    init(_ base: UnsafeMutableBufferPointer<Element>) { self.base = base }

    subscript(index: Int) -> Element {
        get { base[index] }
        nonmutating set { base[index] = newValue }
    }
}
