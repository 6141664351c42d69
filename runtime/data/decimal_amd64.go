package data

import "unsafe"

// The kernels of processors with AVX2. What they make is what marksAt and
// shortNumber make.

// marksAVX2 looks at n times 64 bytes.
//
//go:noescape
func marksAVX2(p unsafe.Pointer, n int, sep, quote byte, out *marks)

// decimals32 and decimals64 read up to rows fields that are numbers of at most
// 16 bytes, of which 16 can be read from each, and return how many there were
// before one that is not; rows is not 0.
//
//go:noescape
func decimals32(base unsafe.Pointer, at *int32, step, rows int, out *float32) (n int)

//go:noescape
func decimals64(base unsafe.Pointer, at *int32, step, rows int, out *float64) (n int)

// gather moves the digits of a number, by its size and the place of its point
// (its size where there is none), to the end of 16 bytes. A point alone goes
// there itself, and is no digit.
var gather = func() (t [17 * 18][16]byte) {
	for size := range 17 {
		for dot := range size + 1 {
			row := &t[17*size+dot]
			for i := range row {
				row[i] = 0x80
			}
			to := 15
			for i := size - 1; i >= 0; i-- {
				if i != dot || size == 1 {
					row[to] = byte(i)
					to--
				}
			}
		}
	}
	return t
}()

// shift10 is what a whole number is divided by, by the distance of the point
// from the end: 0 where there is none, 1 for `5.`.
var shift10 = func() (t [18]float64) {
	t[0] = 1
	copy(t[1:], pow10[:])
	return t
}()
