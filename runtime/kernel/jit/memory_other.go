//go:build !(linux && amd64)

package jit

import (
	"errors"
	"unsafe"
)

// Available is false: there is no emitter for this system.
func Available() bool { return false }

func call(unsafe.Pointer, *uint64) { panic("jit: no code can run here") }

func mapCode([]byte) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapCode([]byte) {}
