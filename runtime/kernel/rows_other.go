//go:build !amd64

package kernel

import "unsafe"

func gatherRows(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int   { panic(noVectors) }
func writeRows(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int    { panic(noVectors) }
func addRowsF32(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int   { panic(noVectors) }
func addRowsF64(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int   { panic(noVectors) }
func addFirstsF32(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int { panic(noVectors) }
func addFirstsF64(_, _ unsafe.Pointer, _ *int32, _, _, _ int) int { panic(noVectors) }
