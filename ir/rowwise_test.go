package ir

import (
	"strings"
	"testing"
)

const stripsHead = `module "strips" numerics 1
dim B batch = 8

`

// body is a function whose operation runs the lines given on strips of x: f64[r,4]
// with w: f64[4] and z: f64[B,4] whole.
func stripsText(results, lines, yield string) string {
	return stripsHead + `func @f(%x: f64[B,4], %w: f64[4], %z: f64[B,4]) -> ` + results + ` {
  %out = strips %x, %w, %z {count B, rows r, size 3} (%x: f64[r,4], %w: f64[4], %z: f64[B,4]) {
` + lines + `
    yield ` + yield + `
  } : ` + results + `
  return %out
}
`
}

// TestStripsRules: rows may not depend on one another, and sums over them leave.
func TestStripsRules(t *testing.T) {
	const tanh = "    %y = tanh %x : f64[r,4]\n"
	for _, c := range []struct{ results, lines, yield, fault string }{
		{"f64[B,4]", tanh, "%y", ""},
		{"f64[4]", tanh + "    %s = reduce_sum %y {axes [0]} : f64[4]", "%s", ""},
		{"f64[B]", tanh + "    %s = reduce_sum %y {axes [1]} : f64[r]", "%s", ""},
		{"f64[4,4]", tanh + `    %s = einsum %y, %x {spec "bi,bj->ij"} : f64[4,4]`, "%s", ""},
		{"f64[B,B]", tanh + `    %s = einsum %y, %z {spec "bi,ci->bc"} : f64[r,B]`, "%s", ""},
		{"f64[B,4]", "    %c = broadcast %w {dims [r, 4], axes [1]} : f64[r,4]\n    %y = mul %x, %c : f64[r,4]", "%y", ""},
		{"f64[B,4]", "    %y = reverse %x {axis 1} : f64[r,4]", "%y", ""},
		{"f64[4]", tanh, "%w", "neither rows of a strip nor a sum"},
		{"f64[B,4]", "    %y = reverse %x {axis 0} : f64[r,4]", "%y", "mixes rows"},
		{"f64[B,4]", "    %y = cumsum %x {axis 0} : f64[r,4]", "%y", "mixes rows"},
		{"f64", "    %y = reduce_sum %x {axes [0, 1]} : f64", "%y", "mixes rows"},
		{"f64[4]", "    %y = reduce_max %x {axes [0]} : f64[4]", "%y", "mixes rows"},
		{"f64", `    %y = einsum %x, %x {spec "bi,bi->"} : f64`, "%y", "mixes rows"},
		{"f64[4,B]", "    %y = transpose %x {perm [1, 0]} : f64[4,r]", "%y", "mixes rows"},
		{"f64[B,4]", "    %s = reduce_sum %x {axes [0]} : f64[4]\n    %c = broadcast %s {dims [r, 4], axes [1]} : f64[r,4]", "%c", "not known in a strip"},
	} {
		m, err := Parse("strips.ir", []byte(stripsText(c.results, c.lines, c.yield)))
		if err != nil {
			t.Fatal(err)
		}
		err = Verify(m, StageFlat)
		switch {
		case c.fault == "" && err != nil:
			t.Errorf("%s: %v", c.lines, err)
		case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%s: the error is %v, expected one of %s", c.lines, err, c.fault)
		}
		if c.fault != "" {
			continue
		}
		if again, err := Parse("again.ir", []byte(m.String())); err != nil || again.String() != m.String() {
			t.Errorf("%v: it reads back as\n%s", err, again)
		}
		if free := FreeSymbols(m.Func("f")); len(free) != 1 || free[0] != "B" {
			t.Errorf("the free dimensions are %v", free)
		}
	}
}

// TestStripsValue: what comes out is what the region makes of all rows at once.
func TestStripsValue(t *testing.T) {
	m, err := Parse("strips.ir", []byte(stripsHead+`func @f(%x: f64[B,2], %w: f64[2]) -> f64[B], f64[2], f64[2,2] {
  %rows, %sum, %squares = strips %x, %w {count B, rows r, size 1} (%x: f64[r,2], %w: f64[2]) {
    %d = fused %x, %w (%x: f64[r,2], %w: f64[2]) {
      %each = broadcast %w {dims [r, 2], axes [1]} : f64[r,2]
      %d = sub %x, %each : f64[r,2]
      yield %d
    } : f64[r,2]
    %most = reduce_max %d {axes [1]} : f64[r]
    %sum = reduce_sum %d {axes [0]} : f64[2]
    %squares = einsum %d, %d {spec "bi,bj->ij"} : f64[2,2]
    yield %most, %sum, %squares
  } : f64[B], f64[2], f64[2,2]
  return %rows, %sum, %squares
}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(m, StageFlat); err != nil {
		t.Fatal(err)
	}
	x := &Tensor{Type: TensorOf(F64, Sym("B"), N(2)), Shape: []int{3, 2}, F: []float64{1, 2, 3, 4, 5, 7}}
	got, err := NewEvaluator(m, map[string]int64{"B": 3}).Call(m.Func("f"), x, floatsOn(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{0, 2, 5}, {6, 7}, {20, 24, 24, 29}} {
		near(t, "result", got[i].F, want, 0)
	}
}
