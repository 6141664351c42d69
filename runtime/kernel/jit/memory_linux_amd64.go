package jit

import (
	"sync"
	"syscall"
	"unsafe"
)

//go:noescape
func call(fn unsafe.Pointer, args *uint64)

// Available reports whether this process may run code that it makes: hardened
// systems refuse pages that become executable. Whether the processor has the
// instructions is for the caller to know.
func Available() bool { return available() }

var available = sync.OnceValue(func() bool {
	var c code
	c.ret()
	p, err := mapCode(c.b)
	if err != nil {
		return false
	}
	defer unmapCode(p)
	call(unsafe.Pointer(&p[0]), new(uint64))
	return true
})

// mapCode copies text into fresh pages, which are writable first and then
// executable, never both.
func mapCode(text []byte) ([]byte, error) {
	p, err := syscall.Mmap(-1, 0, len(text), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	copy(p, text)
	if err := syscall.Mprotect(p, syscall.PROT_READ|syscall.PROT_EXEC); err != nil {
		unmapCode(p)
		return nil, err
	}
	return p, nil
}

// unmapCode gives pages back; an error leaves them mapped, which harms nobody.
func unmapCode(p []byte) { _ = syscall.Munmap(p) }
