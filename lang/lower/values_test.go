package lower

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// TestValues runs the programs of testdata. A line `//= e => v` says that the
// expression e has the value v; they are evaluated by the reference
// interpreter, so no derivative stands in them.
func TestValues(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.df")
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) { valueFile(t, f) })
	}
}

func valueFile(t *testing.T, path string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src := string(text)
	type wanted struct{ expr, value string }
	var want []wanted
	for _, line := range strings.Split(src, "\n") {
		if l, ok := strings.CutPrefix(line, "//= "); ok {
			e, v, ok := strings.Cut(l, " ==> ")
			if !ok {
				t.Fatalf("no `==>` in %s", line)
			}
			src += fmt.Sprintf("\nlet wanted_%d = (%s)", len(want), e)
			want = append(want, wanted{e, v})
		}
	}
	for i := range want {
		src += fmt.Sprintf("\nprint wanted_%d", i)
	}
	m, errs := Program(source.NewFile(path, []byte(src+"\n")), Options{})
	if errs.HasErrors() {
		t.Fatalf("%v", errs)
	}
	if err := ir.Verify(m, ir.StageRaw); err != nil {
		t.Fatalf("%v\n%s", err, m)
	}
	r := &runner{m: m, out: map[string]*ir.Tensor{}}
	i := 0
	for _, n := range m.Nodes {
		switch b := n.Body.(type) {
		case *ir.Compute:
			if err := r.compute(b); err != nil {
				t.Fatalf("%s: %v", n.Name, err)
			}
		case *ir.Print:
			if got := r.tree(b.Parts[0]); got != want[i].value {
				t.Errorf("%s is %s, wanted %s", want[i].expr, got, want[i].value)
			}
			i++
		}
	}
}

// runner runs the nodes of a graph without tables.
type runner struct {
	m   *ir.Module
	out map[string]*ir.Tensor
}

func (r *runner) compute(b *ir.Compute) error {
	f := r.m.Func(b.Fn)
	var args []*ir.Tensor
	for _, in := range f.Inputs {
		switch in.Role {
		case ir.Given:
			args = append(args, r.out[in.Bind])
		case ir.Seed:
			args = append(args, &ir.Tensor{Type: ir.ScalarOf(ir.Key), I: []int64{7}})
		default:
			return fmt.Errorf("input %s %s", in.Role, in.Bind)
		}
	}
	e := &ir.Evaluator{Module: r.m, Round: true}
	rs, err := e.Call(f, args...)
	if err != nil {
		return err
	}
	for i, o := range b.Outputs {
		r.out[o.Name] = rs[i]
	}
	return nil
}

func (r *runner) tree(t ir.Tree) string {
	switch {
	case t.Text != nil:
		return *t.Text
	case t.Value != "":
		return show(r.out[t.Value])
	}
	var parts []string
	for i, x := range t.Items {
		s := r.tree(x)
		if t.Names != nil {
			s = t.Names[i] + ": " + s
		}
		parts = append(parts, s)
	}
	if t.Names != nil {
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// show prints a tensor with six digits, nested by its dimensions.
func show(x *ir.Tensor) string {
	if len(x.Shape) == 0 {
		return element(x, 0)
	}
	var parts []string
	inner := *x
	inner.Shape = x.Shape[1:]
	n := inner.Len()
	for i := range x.Shape[0] {
		in := inner
		if x.F != nil {
			in.F = x.F[i*n : (i+1)*n]
		} else {
			in.I = x.I[i*n : (i+1)*n]
		}
		parts = append(parts, show(&in))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func element(x *ir.Tensor, i int) string {
	switch {
	case x.Type.Kind == ir.Bool:
		return fmt.Sprint(x.I[i] != 0)
	case x.F != nil:
		v := x.F[i]
		if r := math.Round(v*1e6) / 1e6; math.Abs(v) < 1e6 {
			v = r
		}
		if v == 0 {
			v = 0
		}
		return fmt.Sprint(v)
	}
	return fmt.Sprint(x.I[i])
}

// TestQuotient compares the short way of rounding a number to a kind with the
// long one.
func TestQuotient(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	short := 0
	for i := range 200_000 {
		n, d := r.Int64()>>r.IntN(63), r.Int64()>>r.IntN(63)+1
		if i%2 == 0 {
			n, d = n%1_000_000_000, []int64{1, 10, 1000, 1e6, 1e9, 1e15}[i/2%6]
		}
		if i%3 == 0 {
			n = -n
		}
		x := big.NewRat(n, d)
		for _, k := range []ir.Kind{ir.F32, ir.F64} {
			want, _ := x.Float64()
			if k == ir.F32 {
				f, _ := x.Float32()
				want = float64(f)
			}
			got, ok := quotient(x, k)
			if ok && got != want {
				t.Fatalf("%v in %s is %g, not %g", x, k, got, want)
			}
			if ok {
				short++
			}
		}
	}
	if short < 50_000 {
		t.Errorf("only %d went the short way", short)
	}
}
