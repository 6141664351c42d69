package ir

import (
	"math"
	"strings"
	"testing"
)

// opKey is the text by which operations are the same, the judge of SameOp.
func opKey(op *Op) string {
	var b strings.Builder
	ids := make([]int, len(op.Operands))
	for i, v := range op.Operands {
		ids[i] = v.ID
	}
	writeKey(&b, op, ids)
	return b.String()
}

// TestSameOp compares every two of the samples of all rows, with operands in
// both orders and constants that == takes for equal or never does.
func TestSameOp(t *testing.T) {
	m := &Module{Name: "m", Symbols: []*Symbol{{Name: "n"}}}
	f := m.Add(NewFunc("f"))
	params := map[string][]*Value{}
	param := func(t Type, k int) *Value {
		of := t.String()
		for len(params[of]) <= k {
			params[of] = append(params[of], f.AddParam("", t, Input{}))
		}
		return params[of][k]
	}
	b := NewBuilder(m, f)
	for _, r := range Rows() {
		if r.Samples == nil || r.Has(Control) {
			continue
		}
		for _, s := range r.Samples() {
			var one, other []*Value
			for i, of := range s.Operands {
				one, other = append(one, param(of, i)), append(other, param(of, len(s.Operands)-1-i))
			}
			for _, operands := range [][]*Value{one, other, one} {
				op := &Op{Row: r, Attrs: s.Attrs, Operands: operands}
				if _, err := r.Types(m, op); err == nil {
					b.Op(r.Name, s.Attrs, operands...)
				}
			}
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.NaN(), math.Float64frombits(0x7ff8000000000123), 1} {
		b.Op("const", ConstAttrs{T: ScalarOf(F64), F: []float64{x}})
		b.Op("const", ConstAttrs{T: TensorOf(F64, N(2)), F: []float64{x, 1}})
	}
	ops := f.Body.Ops
	keys, same := make([]string, len(ops)), 0
	for i, op := range ops {
		keys[i] = opKey(op)
	}
	for i, x := range ops {
		for j, y := range ops {
			want := keys[i] == keys[j]
			if got := SameOp(x, y); got != want {
				t.Fatalf("%v for\n%s\n%s", got, x, y)
			}
			if want && OpHash(x) != OpHash(y) {
				t.Fatalf("the same with other hashes:\n%s\n%s", x, y)
			}
			if want && i != j {
				same++
			}
		}
	}
	if len(ops) < 200 || same < 200 {
		t.Errorf("%d operations, %d pairs the same", len(ops), same)
	}
}
