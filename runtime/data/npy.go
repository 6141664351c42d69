package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// rawKind is a kind of numbers as files have them: some are converted to a
// kind of ours that holds all their values.
type rawKind struct {
	kind ir.Kind // kept as
	size int     // bytes in the file
	conv func(dst *array.Array, i int, b []byte, order binary.ByteOrder) bool
}

var plainKind = func(k ir.Kind) rawKind { return rawKind{kind: k, size: kindSize(k)} }

var (
	rawU32 = rawKind{ir.I64, 4, func(a *array.Array, i int, b []byte, o binary.ByteOrder) bool {
		a.I64[i] = int64(o.Uint32(b))
		return true
	}}
	rawU64 = rawKind{ir.I64, 8, func(a *array.Array, i int, b []byte, o binary.ByteOrder) bool {
		a.I64[i] = int64(o.Uint64(b))
		return a.I64[i] >= 0
	}}
	rawF16 = rawKind{ir.F32, 2, func(a *array.Array, i int, b []byte, o binary.ByteOrder) bool {
		a.F32[i] = halfToFloat(o.Uint16(b))
		return true
	}}
	rawBF16 = rawKind{ir.F32, 2, func(a *array.Array, i int, b []byte, o binary.ByteOrder) bool {
		a.F32[i] = math.Float32frombits(uint32(o.Uint16(b)) << 16)
		return true
	}}
)

// halfToFloat is the value of an IEEE half precision number.
func halfToFloat(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exp {
	case 0:
		x := float32(frac) * 0x1p-24
		return math.Float32frombits(math.Float32bits(x) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// decode makes an array of raw numbers; ok is false where one does not fit.
func (k rawKind) decode(b []byte, order binary.ByteOrder, shape []int) (*array.Array, bool) {
	a := array.New(k.kind, shape...)
	if k.conv == nil {
		decodeNumbers(a, 0, b, k.kind, order)
		return a, true
	}
	for i := range a.Len() {
		if !k.conv(a, i, b[i*k.size:], order) {
			return nil, false
		}
	}
	return a, true
}

var npyKinds = map[string]rawKind{
	"b1": plainKind(ir.Bool), "i1": plainKind(ir.I8), "u1": plainKind(ir.U8), "i2": plainKind(ir.I16), "u2": plainKind(ir.U16),
	"i4": plainKind(ir.I32), "i8": plainKind(ir.I64), "f4": plainKind(ir.F32), "f8": plainKind(ir.F64),
	"u4": rawU32, "u8": rawU64, "f2": rawF16,
}

type npyHeader struct {
	descr   string
	fortran bool
	shape   []int
}

func npyFault(path, format string, args ...any) error {
	return source.Dataf("D0124", source.Place{File: path}, format, args...)
}

// readNpy reads an npy file, versions 1 to 3. Memory grows with what is
// really there, never with what a header claims.
func readNpy(path string, r io.Reader, limit int64) (*array.Array, error) {
	h, err := readNpyHeader(path, r)
	if err != nil {
		return nil, err
	}
	k, ok := npyKinds[strings.TrimLeft(h.descr, "<>|=")]
	if !ok {
		return nil, npyFault(path, "`%s` holds elements of kind %q, which are no numbers that can be read", path, h.descr)
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.HasPrefix(h.descr, ">") {
		order = binary.BigEndian
	}
	want, ok := sizeOfShape(h.shape, k.size)
	if !ok || want > limit {
		return nil, source.Dataf("D0119", source.Place{File: path}, "`%s` claims sizes %v, more than the %s that are allowed", path, h.shape, byteText(limit))
	}
	b, err := io.ReadAll(io.LimitReader(r, want))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) < want {
		return nil, npyFault(path, "`%s` ends before its data does: %d bytes of %d", path, len(b), want)
	}
	if k.kind == ir.Bool {
		for i := range b {
			b[i] = oneIf(b[i] != 0)
		}
	}
	a, ok := k.decode(b, order, h.shape)
	if !ok {
		return nil, source.Dataf("D0112", source.Place{File: path}, "`%s` holds a number that does not fit into i64", path)
	}
	if h.fortran {
		a = fromFortran(a)
	}
	return a, nil
}

// sizeOfShape is the bytes of a tensor; ok is false where they overflow.
func sizeOfShape(shape []int, elem int) (int64, bool) {
	n := int64(elem)
	for _, s := range shape {
		if s < 0 || s > 0 && n > math.MaxInt64/int64(s) {
			return 0, false
		}
		n *= int64(s)
	}
	return n, true
}

// fromFortran turns column-major elements into row-major ones.
func fromFortran(a *array.Array) *array.Array {
	out := array.New(a.Kind, a.Shape...)
	at := make([]int, len(a.Shape))
	for i := range a.Len() {
		j := 0
		for k := range at {
			j = j*a.Shape[k] + at[k]
		}
		copyElems(out, j, a, i, 1)
		for k := 0; k < len(at); k++ {
			if at[k]++; at[k] < a.Shape[k] {
				break
			}
			at[k] = 0
		}
	}
	return out
}

func readNpyHeader(path string, r io.Reader) (npyHeader, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:10]); err != nil || string(head[:6]) != "\x93NUMPY" {
		return npyHeader{}, npyFault(path, "`%s` does not begin like an npy file", path)
	}
	n := int64(binary.LittleEndian.Uint16(head[8:]))
	switch head[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return npyHeader{}, npyFault(path, "`%s` ends in its header", path)
		}
		n = int64(binary.LittleEndian.Uint32(head[8:]))
	default:
		return npyHeader{}, npyFault(path, "`%s` is npy version %d; versions 1 to 3 are known", path, head[6])
	}
	if n > 1<<20 {
		return npyHeader{}, npyFault(path, "the header of `%s` claims %s", path, byteText(n))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, npyFault(path, "`%s` ends in its header", path)
	}
	h, ok := parseNpyHeader(string(text))
	if !ok {
		return h, npyFault(path, "the header of `%s` cannot be understood: %.80q", path, strings.TrimSpace(string(text)))
	}
	return h, nil
}

// parseNpyHeader reads {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
func parseNpyHeader(s string) (h npyHeader, ok bool) {
	value := func(name string) string {
		_, rest, found := strings.Cut(s, "'"+name+"'")
		if !found {
			return ""
		}
		return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), ":"))
	}
	d := value("descr")
	if len(d) < 2 || d[0] != '\'' {
		return h, false
	}
	if h.descr, _, ok = strings.Cut(d[1:], "'"); !ok {
		return h, false
	}
	h.fortran = strings.HasPrefix(value("fortran_order"), "True")
	dims, _, ok := strings.Cut(value("shape"), ")")
	if !ok || !strings.HasPrefix(dims, "(") {
		return h, false
	}
	h.shape = []int{}
	for _, part := range strings.Split(dims[1:], ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(part, "L"))
		if err != nil || n < 0 || len(h.shape) == 32 {
			return h, false
		}
		h.shape = append(h.shape, n)
	}
	return h, true
}

// npyDescr is the name of a kind in npy files.
func npyDescr(k ir.Kind) string {
	switch k {
	case ir.F32:
		return "<f4"
	case ir.F64:
		return "<f8"
	case ir.I32, ir.Index:
		return "<i4"
	case ir.I64, ir.Key:
		return "<i8"
	case ir.I16:
		return "<i2"
	case ir.U16:
		return "<u2"
	case ir.I8:
		return "|i1"
	case ir.Bool:
		return "|b1"
	}
	return "|u1"
}

// npyHead is the beginning of an npy file, version 1: 64 bytes aligned.
func npyHead(k ir.Kind, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = strconv.Itoa(n)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", npyDescr(k), tuple)
	pad := 63 - (10+len(dict))%64
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(dict)+pad+1))
	b.WriteString(dict + strings.Repeat(" ", pad) + "\n")
	return b.Bytes()
}

// WriteNpy writes a tensor as an npy file.
func WriteNpy(w io.Writer, a *array.Array) error {
	if _, err := w.Write(npyHead(a.Kind, a.Shape)); err != nil {
		return err
	}
	return writeNumbers(w, a)
}

// writeNumbers writes the elements in little-endian order.
func writeNumbers(w io.Writer, a *array.Array) error {
	const step = 1 << 15
	buf := make([]byte, 0, min(step, a.Len())*kindSize(a.Kind))
	for from := 0; from < a.Len(); from += step {
		buf = buf[:0]
		for i := from; i < min(from+step, a.Len()); i++ {
			buf = appendNumber(buf, a, i)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

func appendNumber(buf []byte, a *array.Array, i int) []byte {
	switch a.Kind {
	case ir.F32:
		return binary.LittleEndian.AppendUint32(buf, math.Float32bits(a.F32[i]))
	case ir.F64:
		return binary.LittleEndian.AppendUint64(buf, math.Float64bits(a.F64[i]))
	}
	x := uint64(a.Int(i))
	switch kindSize(a.Kind) {
	case 8:
		return binary.LittleEndian.AppendUint64(buf, x)
	case 4:
		return binary.LittleEndian.AppendUint32(buf, uint32(x))
	case 2:
		return binary.LittleEndian.AppendUint16(buf, uint16(x))
	}
	return append(buf, byte(x))
}
