package data

import (
	"math/bits"
	"unsafe"
)

// A block is looked at 64 bytes at a time, each of which is a bit of a mask;
// so where fields end is known before any of them is read, and reading one
// does not wait for the end of the one before it.

// slack is how many bytes behind the data of a block may be read, though what
// they hold means nothing.
const slack = 64

// cuts finds the ends of fields in blocks.
type cuts struct {
	at     []int32 // where each field begins; the last is where the next record would
	rows   int     // ends of lines outside of quotes
	quotes int

	vectors bool    // there is AVX2
	marks   []marks // of the bytes being looked at
}

// find looks for whole records from byte from on, about size bytes of them or
// one that is longer. d has slack bytes behind it. It returns where they end,
// from where there is none.
func (c *cuts) find(d []byte, from, size int, sep, quote byte) int {
	if c.marks == nil {
		c.marks = make([]marks, 0, stripBytes/64)
	}
	c.at, c.rows, c.quotes = append(c.at[:0], int32(from)), 0, 0
	base, end, whole := unsafe.Pointer(unsafe.SliceData(d)), from, 0
	inside := uint64(0) // all ones where quotes are open
	for i := from; i < len(d) && (i < from+size || c.rows == 0); i += 64 {
		at := (i - from) / 64 % cap(c.marks)
		if at == 0 {
			c.mark(unsafe.Add(base, i), (len(d)-i+63)/64, sep, quote)
		}
		m := c.marks[at]
		if left := len(d) - i; left < 64 {
			m.keep(1<<left - 1)
		}
		if quote == 0 {
			m.quotes = 0
		}
		if m.quotes|inside != 0 {
			c.quotes += bits.OnesCount64(m.quotes)
			within := parity(m.quotes) ^ inside
			m.seps, m.lines = m.seps&^within, m.lines&^within
			inside = uint64(int64(within) >> 63)
		}
		c.push(m.seps|m.lines, i)
		if m.lines != 0 {
			c.rows += bits.OnesCount64(m.lines)
			end = i + bits.Len64(m.lines)
			whole = len(c.at) - bits.OnesCount64((m.seps|m.lines)>>(bits.Len64(m.lines)-1)) + 1
		}
	}
	c.at = c.at[:max(whole, 1)]
	return end
}

// mark looks at n times 64 bytes, or as many as there is room for.
func (c *cuts) mark(p unsafe.Pointer, n int, sep, quote byte) {
	c.marks = c.marks[:min(n, cap(c.marks))]
	if c.vectors {
		marksAVX2(p, len(c.marks), sep, quote, &c.marks[0])
		return
	}
	for k := range c.marks {
		c.marks[k] = marksAt(unsafe.Add(p, 64*k), sep, quote)
	}
}

// push adds the fields that begin behind the bytes of a mask.
func (c *cuts) push(m uint64, i int) {
	n := len(c.at)
	if cap(c.at)-n < 64 {
		c.at = append(c.at, make([]int32, 64+n)...)
	}
	to := c.at[n : n+64]
	k := 0
	for ; m != 0; m &= m - 1 {
		to[k&63] = int32(i + bits.TrailingZeros64(m) + 1)
		k++
	}
	c.at = c.at[:n+k]
}

// marks says which of 64 bytes are separators, line ends and quotes.
type marks struct{ seps, lines, quotes uint64 }

func (m *marks) keep(mask uint64) {
	m.seps, m.lines, m.quotes = m.seps&mask, m.lines&mask, m.quotes&mask
}

const (
	ones  = 0x0101010101010101 // eight bytes of 1
	highs = 0x8080808080808080 // the highest bits of eight bytes
)

// marksAt looks at the 64 bytes at p, eight at a time.
func marksAt(p unsafe.Pointer, sep, quote byte) (m marks) {
	s, q := ones*uint64(sep), ones*uint64(quote)
	for i := 0; i < 64; i += 8 {
		v := eightAt(unsafe.Add(p, i))
		m.seps |= equals(v^s) << i
		m.lines |= equals(v^(ones*'\n')) << i
		m.quotes |= equals(v^q) << i
	}
	return m
}

// equals has a bit for each byte of v that is 0, the first the lowest.
func equals(v uint64) uint64 {
	v = ^(v&^highs + (highs - ones) | v) & highs
	return v >> 7 * 0x0102040810204080 >> 56
}

// parity has each bit that an odd number of bits of m, up to it, sets: the
// bytes from an opening quote to the one before the closing one.
func parity(m uint64) uint64 {
	for shift := 1; shift < 64; shift *= 2 {
		m ^= m << shift
	}
	return m
}
