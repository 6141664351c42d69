package passes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// outlined is a module in which @big is called twice and is too large to go
// into its callers; a node runs what root says.
func outlined(t *testing.T, root string) *ir.Module {
	var b strings.Builder
	b.WriteString("func @big(%0: f64, %1: f64, %2: f64) -> f64, f64 {\n  %3 = sin %1 : f64\n  %4 = mul %0, %3 : f64\n")
	for i := 5; i < 65; i++ {
		fmt.Fprintf(&b, "  %%%d = %s %%%d : f64\n", i, []string{"sin", "exp", "tanh"}[i%3], i-1)
	}
	b.WriteString("  %65 = exp %2 : f64\n  %66 = mul %65, %1 : f64\n  return %64, %66\n}\n")
	b.WriteString(`func @f(%0: f64, %1: f64) -> f64 {
  %2, %3 = call @big %0, %1, %1 : f64, f64
  %4, %5 = call @big %2, %1, %0 : f64, f64
  %6 = add %2, %4 : f64
  return %6
}
` + root + "\n")
	m := parse(t, b.String())
	one := ir.ScalarOf(ir.F64)
	given := &ir.Read{Reader: ir.Reader{Name: "npy"}, Outputs: []ir.Output{{Name: "x", Type: one}, {Name: "y", Type: one}}}
	result := &ir.Compute{Fn: "root", Outputs: []ir.Output{{Name: "out", Type: one}}}
	m.Nodes = []*ir.Node{{Name: "given", Body: given}, {Name: "out", Body: result}}
	return m
}

// somewhere is arguments of root.
func somewhere(f *ir.Func) []*ir.Tensor {
	var args []*ir.Tensor
	for i, p := range f.Params() {
		x := ir.NewTensor(p.Type)
		x.F[0] = 0.3 + 0.4*float64(i)
		args = append(args, x)
	}
	return args
}

// TestTrimCalls: a result that no call uses, and the parameters and operands
// that only it needed, go.
func TestTrimCalls(t *testing.T) {
	m := outlined(t, "func @root(%0: f64 given \"x\") -> f64 {\n  %1 = call @f %0, %0 : f64\n  return %1\n}")
	want := run(t, m, nil, m.Func("root"), somewhere(m.Func("root")))
	if err := Run(m, SizeFree, nil, nil); err != nil {
		t.Fatal(err)
	}
	same(t, "after passes", run(t, m, nil, m.Func("root"), somewhere(m.Func("root"))), want)
	g := m.Func("big")
	if g == nil || len(g.Params()) != 2 || len(g.Results()) != 1 || len(g.Inputs) != 2 {
		t.Errorf("left of the function:\n%s", m)
	}
}

// TestTrimDerived: the gradient of calls keeps neither primal results nor
// cotangents that nobody reads, and grows by the same factor as inlined code.
func TestTrimDerived(t *testing.T) {
	last := 0
	for level := 1; level <= 3; level++ {
		name, root := "f", ""
		for k := 1; k <= level; k++ {
			root += fmt.Sprintf("func @d%d(%%0: f64, %%1: f64) -> f64 {\n  %%2 = const {t f64, f [1]} : f64\n  %%3, %%4 = call @%s !vjp{in 0b01, out 0b1} %%0, %%1, %%2 : f64, f64\n  return %%4\n}\n", k, name)
			name = fmt.Sprintf("d%d", k)
		}
		root += fmt.Sprintf("func @root(%%0: f64 given \"x\", %%1: f64 given \"y\") -> f64 {\n  %%2 = call @%s %%0, %%1 : f64\n  return %%2\n}", name)
		m := outlined(t, root)
		if err := Run(m, SizeFree, nil, nil); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range m.Funcs {
			n += ir.OpCount(f)
			if !usesAll(m, f) {
				t.Errorf("level %d: unused results or parameters of\n%s", level, f)
			}
		}
		t.Logf("level %d: %d operations", level, n)
		if last > 0 && float64(n) > 3.2*float64(last) {
			t.Errorf("level %d: %d operations from %d", level, n, last)
		}
		last = n
	}
}

// usesAll reports whether f uses all its parameters, and of every call some
// call of the same function uses each result.
func usesAll(m *ir.Module, f *ir.Func) bool {
	live := map[string][]bool{}
	for _, g := range m.Funcs {
		newDeriver(m).usedResults(m, g, live)
	}
	on := live[f.Name]
	return count(usedParams([]*ir.Region{f.Body})) == len(f.Params()) && (on == nil || count(on) == len(on))
}
