//go:build !amd64

package runtime

// pause idles for about n times 15 ns.
//
//go:noinline
func pause(n uint32) {
	for i := uint32(0); i < 16*n; i++ {
	}
}
