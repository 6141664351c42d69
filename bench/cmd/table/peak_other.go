//go:build !amd64

package main

func peaks() (f32, f64 float64) { return scalarPeak(), scalarPeak() }
