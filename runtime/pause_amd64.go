package runtime

// pause idles the core for n PAUSE instructions, about 15 to 50 ns each, n > 0.
// It cannot be preempted: keep n small and loop in Go.
//
//go:noescape
func pause(n uint32)
