//go:build !amd64

package data

import "unsafe"

func marksAVX2(p unsafe.Pointer, n int, sep, quote byte, out *marks) { panic("no AVX2") }

func decimals32(base unsafe.Pointer, at *int32, step, rows int, out *float32) (n int) {
	panic("no AVX2")
}

func decimals64(base unsafe.Pointer, at *int32, step, rows int, out *float64) (n int) {
	panic("no AVX2")
}
