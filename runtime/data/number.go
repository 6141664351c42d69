package data

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

// Numbers are parsed from the bytes of a block without making strings. The
// results are the correctly rounded ones: short decimals by one exact
// operation (Clinger 1990), all others by strconv.

var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// decimal is a scanned number: mant·10^exp, exact unless cut.
type decimal struct {
	mant uint64
	exp  int
	neg  bool
	cut  bool // more digits than mant holds
}

// scanDecimal reads `-12.5e3`; ok is false where b is no decimal number.
func scanDecimal(b []byte) (d decimal, ok bool) {
	i, n := 0, len(b)
	if n > 0 && (b[0] == '-' || b[0] == '+') {
		d.neg = b[0] == '-'
		i = 1
	}
	start := i
	for i < n && b[i]-'0' < 10 {
		d.mant = d.mant*10 + uint64(b[i]-'0')
		i++
	}
	digits := i - start
	if i < n && b[i] == '.' {
		i++
		dot := i
		for i < n && b[i]-'0' < 10 {
			d.mant = d.mant*10 + uint64(b[i]-'0')
			i++
		}
		d.exp = dot - i
		digits += i - dot
	}
	if digits == 0 {
		return d, false
	}
	d.cut = digits > 19
	if i == n {
		return d, true
	}
	if b[i]|0x20 != 'e' {
		return d, false
	}
	e, ok := scanExponent(b[i+1:])
	d.exp += e
	return d, ok
}

func scanExponent(b []byte) (e int, ok bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		if e < 100000 {
			e = e*10 + int(c-'0')
		}
	}
	if neg {
		e = -e
	}
	return e, len(b) > 0
}

// text views b as a string for the length of a call.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// exact is the value of a decimal that one rounding gives.
func (d decimal) exact() (float64, bool) {
	if d.cut || d.mant >= 1<<53 || d.exp < -22 || d.exp > 22 {
		return 0, false
	}
	x := float64(d.mant)
	if d.exp < 0 {
		x /= pow10[-d.exp]
	} else {
		x *= pow10[d.exp]
	}
	if d.neg {
		x = -x
	}
	return x, true
}

// parseF64 is the nearest f64. It is infinite where the number is too large.
func parseF64(b []byte) (float64, bool) {
	d, ok := scanDecimal(b)
	if !ok {
		return 0, false
	}
	if x, ok := d.exact(); ok {
		return x, true
	}
	x, _ := strconv.ParseFloat(text(b), 64)
	return x, true
}

// parseF32 is the nearest f32. Rounding twice, by way of f64, is wrong only
// where the f64 stands exactly between two f32 or below the normal ones.
func parseF32(b []byte) (float32, bool) {
	d, ok := scanDecimal(b)
	if !ok {
		return 0, false
	}
	x, ok := d.exact()
	if ok && roundsOnce(x) {
		return float32(x), true
	}
	y, _ := strconv.ParseFloat(text(b), 32)
	return float32(y), true
}

// shortNumber reads a plain number of at most 16 bytes, which is nearly every
// number there is; ok is false for all others. Eight bytes from p on can be
// read. It looks at eight bytes at a time, as Lemire (2021) does: branches on
// single digits would be guessed wrong at the end of nearly every number.
func shortNumber(p unsafe.Pointer, size int) (x float64, ok bool) {
	neg := (uint64(byteAt(p)^'-') - 1) >> 63
	p, size = unsafe.Add(p, neg), size-int(neg)
	if uint(size-1) >= 16 {
		return 0, false
	}
	mant, frac := uint64(0), 0
	if size <= 8 {
		v := (eightAt(p) ^ zeros) << (uint(8-size) * 8 & 63)
		if dot := bytesOf(v, dots); dot != 0 {
			below := dot&-dot>>7 - 1
			v = v&^(below<<8|0xff) | v&below<<8
			frac = 7 - bits.TrailingZeros64(dot)/8
			size--
		}
		if size == 0 || notDigits(v) {
			return 0, false
		}
		mant = eightDigits(v)
	} else {
		v, w := (eightAt(p)^zeros)<<(uint(16-size)*8&63), eightAt(unsafe.Add(p, size-8))^zeros
		if dot := bytesOf(w, dots); dot != 0 {
			below := dot&-dot>>7 - 1
			w = w&^(below<<8|0xff) | w&below<<8 | v>>56
			v <<= 8
			frac = 7 - bits.TrailingZeros64(dot)/8
		} else if dot := bytesOf(v, dots); dot != 0 {
			below := dot&-dot>>7 - 1
			v = v&^(below<<8|0xff) | v&below<<8
			frac = 15 - bits.TrailingZeros64(dot)/8
		}
		mant = eightDigits(v)*1e8 + eightDigits(w)
		if notDigits(v) || notDigits(w) || mant >= 1<<53 {
			return 0, false
		}
	}
	x = float64(int64(mant)) / pow10[frac]
	return math.Float64frombits(math.Float64bits(x) | neg<<63), true
}

// shortWhole reads a whole number of at most 8 digits, as shortNumber does.
func shortWhole(p unsafe.Pointer, size int) (n int64, ok bool) {
	neg := (uint64(byteAt(p)^'-') - 1) >> 63
	p, size = unsafe.Add(p, neg), size-int(neg)
	if uint(size-1) >= 8 {
		return 0, false
	}
	v := (eightAt(p) ^ zeros) << (uint(8-size) * 8 & 63)
	n = int64(eightDigits(v))
	return (n ^ -int64(neg)) + int64(neg), !notDigits(v)
}

func byteAt(p unsafe.Pointer) byte    { return *(*byte)(p) }
func eightAt(p unsafe.Pointer) uint64 { return binary.LittleEndian.Uint64((*[8]byte)(p)[:]) }

const (
	zeros = 0x3030303030303030 // eight of the digit 0
	dots  = 0x1e1e1e1e1e1e1e1e // eight points, less that
)

// bytesOf has the highest bit of each byte where v is like w, up to the first
// of them; what is behind that means nothing.
func bytesOf(v, w uint64) uint64 {
	v ^= w
	return (v - ones) &^ v & highs
}

// notDigits reports whether any byte is not 0 to 9.
func notDigits(v uint64) bool { return (v+0x7676767676767676|v)&highs != 0 }

// eightDigits is the number whose digits are the bytes of v, the first of them
// the lowest: pairs are joined, then pairs of pairs, then both halves.
func eightDigits(v uint64) uint64 {
	v = v & 0x0f0f0f0f0f0f0f0f * 2561 >> 8
	v = v & 0x00ff00ff00ff00ff * 6553601 >> 16
	return v & 0x0000ffff0000ffff * 42949672960001 >> 32
}

// roundsOnce reports whether an f64 next to a decimal, rounded to f32, is the
// f32 next to the decimal.
func roundsOnce(x float64) bool {
	return math.Float64bits(x)&(1<<29-1) != 1<<28 && (math.Abs(x) >= 0x1p-126 || x == 0)
}

// intResult says what parseInt met.
type intResult uint8

const (
	intOK     intResult = iota
	intSyntax           // no number
	intPart             // a number with a fraction
	intRange            // beyond 64 bits
)

// parseInt reads a whole number; `6.0` and `6e1` are whole.
func parseInt(b []byte) (int64, intResult) {
	n := len(b)
	if n == 0 {
		return 0, intSyntax
	}
	i := 0
	if b[0] == '-' || b[0] == '+' {
		i = 1
	}
	if n-i > 18 || n == i {
		return parseIntSlow(b)
	}
	v := int64(0)
	for ; i < n; i++ {
		c := b[i] - '0'
		if c > 9 {
			return parseIntSlow(b)
		}
		v = v*10 + int64(c)
	}
	if b[0] == '-' {
		v = -v
	}
	return v, intOK
}

func parseIntSlow(b []byte) (int64, intResult) {
	if v, err := strconv.ParseInt(text(b), 10, 64); err == nil {
		return v, intOK
	}
	x, ok := parseF64(b)
	switch {
	case !ok:
		return 0, intSyntax
	case x != math.Trunc(x):
		return 0, intPart
	case math.Abs(x) > 1<<53:
		return 0, intRange
	}
	return int64(x), intOK
}

// parseBool knows true and false (also True, TRUE) and 1 and 0.
func parseBool(b []byte) (v, ok bool) {
	switch text(b) {
	case "1", "true", "True", "TRUE":
		return true, true
	case "0", "false", "False", "FALSE":
		return false, true
	}
	return false, false
}

// trim takes spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
