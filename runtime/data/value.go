package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime/array"
)

// problem is what is wrong with one value; the parser adds where it stands.
type problem struct{ code, message, hint string }

func bad(code, format string, args ...any) *problem {
	return &problem{code: code, message: fmt.Sprintf(format, args...)}
}

func (p *problem) try(hint string) *problem { p.hint = hint; return p }

// values are the decoded rows of one input in one block.
type values struct {
	a     array.Array // elements; its shape is not kept
	valid []uint8     // of each row, if optional
	dict  localDict
	text  []byte
	ends  []uint32
	raw   [][]byte // parts of the key of this row, until it is whole
	hole  bool     // a part of this row is missing
	buf   []byte
}

func (v *values) reset(kind ir.Kind) {
	a := &v.a
	a.Kind = kind
	a.F32, a.F64, a.I32, a.I64 = a.F32[:0], a.F64[:0], a.I32[:0], a.I64[:0]
	a.U8, a.I8, a.U16, a.I16 = a.U8[:0], a.I8[:0], a.U16[:0], a.I16[:0]
	v.valid, v.text, v.ends, v.hole = v.valid[:0], v.text[:0], v.ends[:0], false
	v.dict.reset()
}

// put takes one text. row is the row within the block.
func (v *values) put(in *input, d *dialect, raw []byte, part int, row int32) *problem {
	switch in.as {
	case asForeign, asKey:
		for len(v.raw) <= part {
			v.raw = append(v.raw, nil)
		}
		v.raw[part] = raw
		return nil
	}
	if in.ask != nil {
		return v.putAsked(in, d, raw, row)
	}
	if in.as == asText {
		return v.putText(in, d, raw)
	}
	if in.as != asMember {
		raw = trim(raw)
	}
	if d.isMissing(raw) {
		return v.putMissing(in)
	}
	if in.single() {
		v.valid = append(v.valid, 1)
	}
	switch in.as {
	case asNumber:
		return v.putNumber(in.kind, raw)
	case asBool:
		b, ok := parseBool(raw)
		if !ok {
			return bad("D0115", "this is neither true nor false").try("a bool is written true or false, 1 or 0; other texts are a `category`: `r.a == \"yes\"`")
		}
		v.a.U8 = append(v.a.U8, oneIf(b))
	case asIndex:
		return v.putIndex(in, raw)
	case asMember:
		id, fresh := v.dict.id(raw, row)
		if fresh && !utf8.Valid(raw) {
			v.dict.undo(raw)
			return notUTF8()
		}
		v.a.I32 = append(v.a.I32, id)
	}
	return nil
}

func oneIf(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func notUTF8() *problem {
	return bad("D0109", "this text is not valid UTF-8").try("convert the file to UTF-8")
}

func missing(in *input) *problem {
	p := bad("D0113", "the value of `%s` is missing", in.shown())
	if in.field != nil && in.field.Like == "" && in.field.Text == "" && !in.field.IsKey {
		what := in.field.Type.String()
		if in.field.Category != "" {
			what = in.field.Category
			if strings.Contains(what, ".") {
				what = "category" // it has no name of its own
			}
		} else if in.field.Table != "" {
			what = in.field.Table
		}
		p.try("declare it as `" + what + "?` and say what stands for a missing value with `??`, or take such rows out with `where present(…)`")
	}
	return p
}

func (v *values) putMissing(in *input) *problem {
	if !in.optional {
		return missing(in)
	}
	if in.single() {
		v.valid = append(v.valid, 0)
	}
	v.hole = true
	if in.as == asMember {
		v.a.I32 = append(v.a.I32, -1)
	} else {
		pushInt(&v.a, 0)
	}
	return nil
}

func (v *values) putText(in *input, d *dialect, raw []byte) *problem {
	if in.optional {
		v.valid = append(v.valid, oneIf(!d.isMissing(raw)))
	}
	if !utf8.Valid(raw) {
		return notUTF8()
	}
	if in.field != nil && in.field.Text == "time" {
		if d.isMissing(raw) && !in.optional {
			return missing(in)
		}
		if !d.isMissing(raw) {
			if p := checkTime(in, raw); p != nil {
				return p
			}
		}
	}
	v.text = append(v.text, raw...)
	v.ends = append(v.ends, uint32(len(v.text)))
	return nil
}

func (v *values) putNumber(kind ir.Kind, raw []byte) *problem {
	switch kind {
	case ir.F32:
		x, ok := parseF32(raw)
		if !ok {
			return notNumber(raw)
		}
		if x-x != 0 {
			return bad("D0112", "this number is too large for f32").try("read the field as f64")
		}
		v.a.F32 = append(v.a.F32, x)
		return nil
	case ir.F64:
		x, ok := parseF64(raw)
		if !ok {
			return notNumber(raw)
		}
		if x-x != 0 {
			return bad("D0112", "this number is too large for f64")
		}
		v.a.F64 = append(v.a.F64, x)
		return nil
	}
	n, how := parseInt(raw)
	if p := wholeProblem(how, raw, kind.String()); p != nil {
		return p
	}
	if lo, hi := intRangeOf(kind); n < lo || n > hi {
		return bad("D0112", "this number does not fit into %s, which holds %d to %d", kind, lo, hi)
	}
	pushInt(&v.a, n)
	return nil
}

func notNumber(raw []byte) *problem {
	p := bad("D0111", "this is not a number")
	switch string(raw) {
	case "NA", "N/A", "nan", "NaN", "NAN", "null", "NULL", "None", "?", "-", "inf", "Inf", "-inf", "-Inf":
		p.try(fmt.Sprintf("if it stands for a missing value, add it to the reader: `missing: [\"\", %q]`", raw))
	}
	if before, after, one := strings.Cut(string(raw), ","); one && allDigits(strings.TrimPrefix(before, "-")) && allDigits(after) {
		p.try("a number is written with a point and without commas: `1234.5`")
	}
	return p
}

func wholeProblem(how intResult, raw []byte, what string) *problem {
	switch how {
	case intSyntax:
		return notNumber(raw)
	case intPart:
		return bad("D0114", "this is not a whole number, as %s must be", what)
	case intRange:
		return bad("D0112", "this number does not fit into 64 bits")
	}
	return nil
}

func intRangeOf(k ir.Kind) (lo, hi int64) {
	switch k {
	case ir.I32:
		return math.MinInt32, math.MaxInt32
	case ir.Index:
		return 0, math.MaxInt32
	case ir.U8:
		return 0, math.MaxUint8
	case ir.I8:
		return math.MinInt8, math.MaxInt8
	case ir.U16:
		return 0, math.MaxUint16
	case ir.I16:
		return math.MinInt16, math.MaxInt16
	case ir.Bool:
		return 0, 1
	}
	return math.MinInt64, math.MaxInt64
}

func (v *values) putIndex(in *input, raw []byte) *problem {
	n, how := parseInt(raw)
	if p := wholeProblem(how, raw, "an index"); p != nil {
		return p
	}
	if p := checkIndex(in.name, n, in.bound); p != nil {
		return p
	}
	v.a.I32 = append(v.a.I32, int32(n))
	return nil
}

// checkIndex refuses an index outside 0..bound; a bound of -1 is not known.
func checkIndex(name string, n, bound int64) *problem {
	if n >= 0 && n <= math.MaxInt32 && (bound < 0 || n < bound) {
		return nil
	}
	if bound < 0 {
		return bad("D0114", "`%s` is an index, and this is outside of its range", name)
	}
	return bad("D0114", "`%s` is an index[%d]: it goes from 0 to %d", name, bound, bound-1)
}

// pushInt appends a small number to an array that holds no floats, or 0 to any.
func pushInt(a *array.Array, n int64) {
	switch a.Kind {
	case ir.F32:
		a.F32 = append(a.F32, float32(n))
	case ir.F64:
		a.F64 = append(a.F64, float64(n))
	case ir.I32, ir.Index:
		a.I32 = append(a.I32, int32(n))
	case ir.I64, ir.Key:
		a.I64 = append(a.I64, n)
	case ir.U8, ir.Bool:
		a.U8 = append(a.U8, uint8(n))
	case ir.I8:
		a.I8 = append(a.I8, int8(n))
	case ir.U16:
		a.U16 = append(a.U16, uint16(n))
	case ir.I16:
		a.I16 = append(a.I16, int16(n))
	}
}

// endRow completes inputs that take several texts a row; whole is false for
// inputs that are done value by value.
func (v *values) endRow(in *input, d *dialect, row int32) *problem {
	if in.as == asForeign || in.as == asKey {
		return v.endKey(in, d, row)
	}
	if in.optional && !in.single() {
		v.valid = append(v.valid, oneIf(!v.hole))
		if v.hole {
			v.zeroRow(in)
		}
	}
	v.hole = false
	return nil
}

// zeroRow makes a row with a hole read as 0 throughout.
func (v *values) zeroRow(in *input) {
	n, zero := (len(v.valid)-1)*in.width, int64(0)
	for i := range in.width {
		if in.as == asMember {
			v.a.I32[n+i] = -1
		} else {
			v.a.SetInt(n+i, zero)
		}
	}
}

// endKey encodes the key made of the parts of this row, once for each of
// width keys.
func (v *values) endKey(in *input, d *dialect, row int32) *problem {
	each := len(in.parts)
	for k := range in.width {
		parts := v.raw[k*each : (k+1)*each]
		hole := false
		for _, p := range parts {
			hole = hole || d.isMissing(p)
		}
		if hole {
			if !in.optional {
				return missing(in)
			}
			v.a.I32 = append(v.a.I32, -1)
			continue
		}
		key, p := encodeKey(v.buf[:0], in.parts, parts)
		v.buf = key
		if p != nil {
			return p
		}
		id, fresh := v.dict.id(key, row)
		if fresh {
			for i, raw := range parts {
				if in.parts[i] == keyText && !utf8.Valid(raw) {
					v.dict.undo(key)
					return notUTF8()
				}
			}
		}
		v.a.I32 = append(v.a.I32, id)
	}
	return nil
}

// encodeKey is a text that is the same for equal keys: `6` and `6.0` are one
// number. A single text is itself.
func encodeKey(dst []byte, kinds []keyKind, parts [][]byte) ([]byte, *problem) {
	if len(kinds) == 1 && kinds[0] == keyText {
		return append(dst, parts[0]...), nil
	}
	for i, raw := range parts {
		switch kinds[i] {
		case keyText:
			dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
			dst = append(dst, raw...)
		case keyInt:
			n, how := parseInt(trim(raw))
			if p := wholeProblem(how, raw, "this part of the key"); p != nil {
				return dst, p
			}
			dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
		case keyFloat:
			x, ok := parseF64(trim(raw))
			if !ok {
				return dst, notNumber(raw)
			}
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x+0))
		}
	}
	return dst, nil
}

// decodeKey is the key as people write it, parts joined by ", ".
func decodeKey(key string, kinds []keyKind) string {
	if len(kinds) == 1 && kinds[0] == keyText {
		return key
	}
	out := ""
	for i, k := range kinds {
		if i > 0 {
			out += ", "
		}
		switch k {
		case keyText:
			n := binary.LittleEndian.Uint32([]byte(key[:4]))
			out += key[4 : 4+n]
			key = key[4+n:]
			continue
		case keyInt:
			out += fmt.Sprint(int64(binary.LittleEndian.Uint64([]byte(key[:8]))))
		case keyFloat:
			out += fmt.Sprint(math.Float64frombits(binary.LittleEndian.Uint64([]byte(key[:8]))))
		}
		key = key[8:]
	}
	return out
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
