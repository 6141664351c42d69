//go:build !amd64

package kernel

import "unsafe"

// gemmCall is of none of the kernels that there are here.
type gemmCall struct{}

// Run is never called: there are no lists.
func (l *Calls[T]) Run(a, b, c unsafe.Pointer) {}
