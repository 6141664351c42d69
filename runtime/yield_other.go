//go:build !linux

package runtime

func yieldThread() {}
