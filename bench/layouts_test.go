package bench

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/runtime/kernel"
)

// layouts are the steps of an array of rows and columns that lies row by row,
// and of one that lies column by column.
var layouts = []struct {
	name string
	of   func(rows, cols int) [2]int
}{
	{"rows", func(_, cols int) [2]int { return [2]int{cols, 1} }},
	{"columns", func(rows, _ int) [2]int { return [2]int{1, rows} }},
}

// layer is the three products of a dense layer over a batch of rows: forwards,
// the gradient of what went in, the gradient of the weight. What is of the
// batch lies as its layout says, and the weight row by row.
type layer struct {
	name       string
	m, n, k    int
	a, b, c    [2]int
	x, y, z    []float32
	scratch    []float32
	nanosecond []float64
}

func (l *layer) run() {
	g := kernel.NewGemm[float32](l.m, l.n, l.k, l.a, l.b, l.c)
	g.Block(0, l.m, 0, l.n, false, l.x, l.y, l.z, l.scratch)
}

func newLayers(batch, in, out int, of func(rows, cols int) [2]int) []*layer {
	numbers := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = rand.Float32() - 0.5
		}
		return v
	}
	x, y, w := of(batch, in), of(batch, out), [2]int{out, 1}
	turned := func(s [2]int) [2]int { return [2]int{s[1], s[0]} }
	xs, ys, ws := numbers(batch*in), numbers(batch*out), numbers(in*out)
	scratch := make([]float32, kernel.GemmScratch)
	return []*layer{
		{name: "forwards", m: batch, n: out, k: in, a: x, b: w, c: y, x: xs, y: ws, z: ys, scratch: scratch},
		{name: "input", m: batch, n: in, k: out, a: y, b: turned(w), c: x, x: ys, y: ws, z: xs, scratch: scratch},
		{name: "weight", m: in, n: out, k: batch, a: turned(x), b: y, c: w, x: xs, y: ys, z: ws, scratch: scratch},
	}
}

// BenchmarkLayouts times the products of layers whose batch lies row by row and
// column by column, in turn, and reports the medians in Gflop/s.
func BenchmarkLayouts(b *testing.B) {
	for _, s := range [][2]int{{784, 128}, {128, 10}, {13, 64}, {64, 64}, {64, 1}} {
		b.Run(fmt.Sprintf("%d-%d", s[0], s[1]), func(b *testing.B) {
			var all [][]*layer
			for _, l := range layouts {
				all = append(all, newLayers(256, s[0], s[1], l.of))
			}
			for b.Loop() {
				for p := range all[0] {
					for _, l := range all {
						l[p].time()
					}
				}
			}
			for i, l := range all {
				for _, p := range l {
					slices.Sort(p.nanosecond)
					median := p.nanosecond[len(p.nanosecond)/2]
					b.ReportMetric(2*float64(p.m*p.n*p.k)/median, p.name+"-"+layouts[i].name)
				}
			}
		})
	}
}

// time notes how long a run takes, of so many in a row that a clock can tell.
func (l *layer) time() {
	n := 1 + 1_000_000/(l.m*l.n*l.k)
	at := time.Now()
	for range n {
		l.run()
	}
	l.nanosecond = append(l.nanosecond, float64(time.Since(at))/float64(n))
}
