package numerics

import (
	"bytes"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
	"github.com/dfc-lang/dfc/runtime/kernel"
)

var bless = flag.Bool("bless", false, "keep the bits of operations that are new, and all where ir.Numerics is")

const file = "testdata/bits.txt"

// TestBits compares what operations make of fixed numbers with what is kept: one
// sum for the tiers with vectors, which agree, and one for the portable tier. Kept
// bits are never written again under the same number of the numerics.
func TestBits(t *testing.T) {
	number, kept, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if *bless && number < ir.Numerics {
		kept = map[string]bits{}
	} else if number != ir.Numerics {
		t.Fatalf("%s is of numerics %d, ir.Numerics is %d; `go test ./tests/numerics -bless` writes it again", file, number, ir.Numerics)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "numerics %d\n", ir.Numerics)
	seen, done := map[string]bool{}, 0
	for _, k := range []ir.Kind{ir.F32, ir.F64} {
		for _, x := range instances(t, k) {
			name := k.String() + " " + x.name
			if seen[name] {
				t.Fatalf("%s is there twice", name)
			}
			seen[name] = true
			t.Run(name, func(t *testing.T) {
				got := bitsOf(t, x)
				want, ok := kept[name]
				switch {
				case !ok && !*bless:
					t.Errorf("is not in %s; `go test ./tests/numerics -bless` adds it", file)
				case ok && (got.portable != want.portable || got.vector != "" && got.vector != want.vector):
					t.Errorf("has other bits, %+v and not %+v: that is another numerics, whose number ir.Numerics must be", got, want)
				case !ok && got.vector == "":
					t.Error("this processor has no vectors whose bits could be kept")
				case !ok:
					want = got
				}
				done++
				fmt.Fprintf(&text, "%s %s %s\n", want.vector, want.portable, name)
			})
		}
	}
	for name := range kept {
		if !seen[name] {
			t.Errorf("%s is kept in %s, and no more computed", name, file)
		}
	}
	if *bless && !t.Failed() && done == len(seen) {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// bits are sums of all bits of results.
type bits struct{ vector, portable string }

func read() (number int, kept map[string]bits, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, nil, err
	}
	kept = map[string]bits{}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if _, err := fmt.Sscanf(lines[0], "numerics %d", &number); err != nil {
		return 0, nil, err
	}
	for _, line := range lines[1:] {
		parts := strings.SplitN(line, " ", 3)
		if len(parts) < 3 {
			return 0, nil, fmt.Errorf("no line of %s: %q", file, line)
		}
		kept[parts[2]] = bits{parts[0], parts[1]}
	}
	return number, kept, nil
}

// instances are all that is kept for a kind of floats.
func instances(t *testing.T, k ir.Kind) []instance {
	var out []instance
	for _, line := range products {
		out = append(out, product(line, k))
	}
	for i := range folds {
		out = append(out, fold(i, k))
	}
	for i := range others {
		x, err := other(i, k)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	for _, row := range ir.Rows() {
		if row.Samples == nil {
			continue
		}
		names := map[string]bool{}
		for _, s := range row.Samples() {
			if x, ok := elementwise(row, s, k); ok && !names[x.name] {
				names[x.name] = true
				out = append(out, x)
			}
		}
	}
	return out
}

// bitsOf is the bits of an instance, which must be the same on any number of
// workers, with and without machine code, and in all tiers with vectors.
func bitsOf(t *testing.T, x instance) (b bits) {
	for _, tier := range kernel.Tiers() {
		to := &b.vector
		if tier == kernel.Portable {
			to = &b.portable
		}
		for _, opt := range []runtime.Options{{Workers: 1}, {Workers: 3}, {Workers: 1, NoJIT: true}} {
			old := kernel.Use(tier)
			got := run(t, x, opt)
			kernel.Use(old)
			if *to == "" {
				*to = got
			} else if *to != got {
				t.Errorf("%s with %+v has other bits", tier, opt)
			}
		}
	}
	return b
}

// run computes an instance of fixed arguments.
func run(t *testing.T, x instance, opt runtime.Options) string {
	sizes := ir.Sizes{"B": {Actual: x.rows, Capacity: x.rows}}
	p, err := runtime.Load(x.module, sizes, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	f, err := p.Function("f", nil)
	if err != nil {
		t.Fatal(err)
	}
	fn := x.module.Func("f")
	var in []*array.Array
	for i, param := range fn.Params() {
		in = append(in, argument(x, i, param.Type))
	}
	out := make([]*array.Array, len(fn.Results()))
	if err := f.Run(in, out, nil); err != nil {
		t.Fatal(err)
	}
	sum := fnv.New64a()
	for _, a := range out {
		for i := range a.Len() {
			fmt.Fprintf(sum, "%x ", number(a.Float(i)))
		}
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}

// number is the bits of a number; what is no number has many, of which processors
// choose theirs.
func number(x float64) uint64 {
	if x != x {
		return 1
	}
	return math.Float64bits(x)
}

// argument draws parameter i.
func argument(x instance, i int, t ir.Type) *array.Array {
	var shape []int
	for _, d := range t.Dims {
		n, ok := d.Const()
		if !ok {
			n = x.rows
		}
		shape = append(shape, int(n))
	}
	lo, hi, bounds := -2.0, 2.0, i < len(x.lo)
	if bounds {
		lo, hi = x.lo[i], x.hi[i]
	}
	a := array.New(t.Kind, shape...)
	key := ir.StreamOf(uint64(i) + 1)
	for j := range a.Len() {
		bits := key.At(uint64(j))
		switch {
		case t.Kind == ir.Index:
			n, _ := t.Bound.Const()
			a.SetInt(j, int64(bits%uint64(n)))
		case t.Kind == ir.Bool:
			a.SetInt(j, int64(bits%2))
		case !t.IsFloat():
			a.SetInt(j, int64(bits>>1))
		default:
			a.SetFloat(j, float(bits, lo, hi, x.wide, bounds))
		}
	}
	return a
}

// float is between lo and hi; of wide ones half have another exponent, within the
// bounds where there are some.
func float(bits uint64, lo, hi float64, wide, bounds bool) float64 {
	v := lo + float64((hi-lo)*ir.UniformF64(bits))
	if w := math.Ldexp(v, int(bits>>1%80)-40); wide && bits%2 == 0 && (!bounds || lo <= w && w <= hi) {
		return w
	}
	return v
}
