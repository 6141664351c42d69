package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/train"
)

// logistic is a model so small that a step is overhead: 20 columns, one weight
// each.
func logistic() string {
	var fields, row strings.Builder
	for i := range 20 {
		fmt.Fprintf(&fields, "x%d: f32, ", i)
		fmt.Fprintf(&row, "r.x%d, ", i)
	}
	return `import nn
table Rows from csv("rows.csv") { ` + fields.String() + `y: f32 }
model chance(r: Rows) -> f32 = [` + row.String() + `] |> out = nn.dense(1) |> scalar
train fit of chance on Rows {
  loss      r => logistic(chance(r), r.y)
  optimizer sgd(0.1)
  batch     256
  epochs    1
}
`
}

// BenchmarkFunction runs the step of a training alone: no data is read, no
// loop stands around it.
func BenchmarkFunction(b *testing.B) {
	small := filepath.Join(b.TempDir(), "logistic.df")
	if err := os.WriteFile(small, []byte(logistic()), 0o644); err != nil {
		b.Fatal(err)
	}
	writeRows(b, filepath.Join(filepath.Dir(small), "rows.csv"))
	for _, path := range []string{"../examples/housing.df", "../examples/mnist.df", small, "../examples/pendulum.df"} {
		for _, workers := range []int{1, 2} {
			b.Run(strings.TrimSuffix(filepath.Base(path), ".df")+"/workers="+strconv.Itoa(workers), func(b *testing.B) {
				step, in, out := stepOf(b, path, workers)
				defer step.close()
				for b.Loop() {
					if err := step.f.Run(in, out, nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(step.f.Plan().Kernels)), "kernels")
			})
		}
	}
}

func writeRows(b *testing.B, path string) {
	var text strings.Builder
	for i := range 20 {
		text.WriteString("x" + strconv.Itoa(i) + ",")
	}
	text.WriteString("y\n")
	for range 512 {
		text.WriteString(strings.Repeat("0.5,", 20) + "1\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
}

// planned is a step with its program.
type planned struct {
	f     *runtime.Function
	close func()
}

// stepOf plans the step of the only training of a program, on drawn numbers.
func stepOf(b *testing.B, path string, workers int) (planned, []*array.Array, []*array.Array) {
	b.Helper()
	m, sizes := sized(b, path)
	var body *ir.Train
	for _, n := range m.Nodes {
		if t, ok := n.Body.(*ir.Train); ok {
			body = t
		}
	}
	p, err := runtime.Load(m, sizes, runtime.Options{Workers: workers})
	if err != nil {
		b.Fatal(err)
	}
	fn := m.Func(body.StepFn)
	donate := train.Donations(body, fn)
	f, err := p.Function(body.StepFn, donate)
	if err != nil {
		b.Fatal(err)
	}
	in, out := drawn(fn, sizes), make([]*array.Array, len(fn.Results()))
	for k, j := range donate {
		out[k] = in[j]
	}
	return planned{f, p.Close}, in, out
}

// sized is a program after all passes, by its own text, and the sizes that it
// was planned for.
func sized(b *testing.B, path string) (*ir.Module, ir.Sizes) {
	b.Helper()
	p, err := dfc.Compile(path, dfc.Options{})
	if err != nil {
		b.Fatal(err)
	}
	bound, err := p.Bind(dfc.DataOptions{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer bound.Close()
	var text, plan bytes.Buffer
	for stage, to := range map[string]*bytes.Buffer{"sized": &text, "plan": &plan} {
		if err := bound.Emit(to, stage); err != nil {
			b.Fatal(err)
		}
	}
	m, err := ir.Parse("sized", text.Bytes())
	if err != nil {
		b.Fatal(err)
	}
	sizes := ir.Sizes{}
	for _, f := range m.Funcs {
		for _, s := range ir.FreeSymbols(f) {
			sizes[s] = ir.Size{Actual: 1, Capacity: 1}
		}
	}
	for _, found := range regexp.MustCompile(`(\S+) = (\d+)`).FindAllStringSubmatch(plan.String(), -1) {
		n, _ := strconv.ParseInt(found[2], 10, 64)
		sizes[found[1]] = ir.Size{Actual: n, Capacity: n}
	}
	return m, sizes
}

// drawn is arguments for a function: floats near 0, positive where a square
// root or a quotient may wait, integers that every index allows.
func drawn(f *ir.Func, sizes ir.Sizes) []*array.Array {
	r := rand.New(rand.NewPCG(1, 2))
	var in []*array.Array
	for _, v := range f.Params() {
		var shape []int
		for _, d := range v.Type.Dims {
			n, _ := d.Eval(func(s string) (int64, bool) { return sizes[s].Actual, true })
			shape = append(shape, int(n))
		}
		a := array.New(v.Type.Kind, shape...)
		for i := range a.F32 {
			a.F32[i] = 0.01 + 0.1*r.Float32()
		}
		for i := range a.F64 {
			a.F64[i] = 0.01 + 0.1*r.Float64()
		}
		for i := range a.I64 {
			a.I64[i] = 1
		}
		for i := range a.U8 {
			a.U8[i] = uint8(r.IntN(2))
		}
		in = append(in, a)
	}
	return in
}
