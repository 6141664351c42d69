//go:build !linux

package array

func adviseHuge([]byte) {}
