// Package bench times what users wait for: compiling, the first step, steps,
// reading. `go test -bench . ./bench`; nothing here is a test, since machines
// differ and are noisy. Compare medians of several runs (-count 5).
package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc"
)

func examples(b *testing.B) []string {
	files, err := filepath.Glob("../examples/*.df")
	if err != nil || len(files) == 0 {
		b.Fatalf("no examples: %v", err)
	}
	return files
}

// BenchmarkCompile compiles every example as far as it goes without data. The
// goal is under 50 ms each.
func BenchmarkCompile(b *testing.B) {
	for _, path := range examples(b) {
		b.Run(strings.TrimSuffix(filepath.Base(path), ".df"), func(b *testing.B) {
			for b.Loop() {
				if _, err := dfc.Compile(path, dfc.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompileLength compiles functions of more and more statements; the
// time a statement must not grow.
func BenchmarkCompileLength(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("precision f64\nfn f(x: f64) -> f64 {\n  let a0 = x\n")
			for i := 1; i < n; i++ {
				fmt.Fprintf(&text, "  let a%d = a%d * 0.5 + sin(a%d)\n", i, i-1, max(0, i-2))
			}
			fmt.Fprintf(&text, "  a%d\n}\nlet y = f(1)\nprint y\n", n-1)
			for b.Loop() {
				if _, err := dfc.CompileText("long.df", []byte(text.String()), dfc.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/statement")
		})
	}
}

// BenchmarkCompileGrad compiles derivatives of higher and higher order.
func BenchmarkCompileGrad(b *testing.B) {
	for order := 1; order <= 4; order++ {
		b.Run(fmt.Sprint(order), func(b *testing.B) {
			text := "precision f64\nfn f(x: f64) -> f64 = sin(x * x) * exp(-x) / (1 + x * x) + log1p(x * x) * tanh(x)\nlet x: f64 = 0.7\nprint " +
				strings.Repeat("grad(", order) + "f" + strings.Repeat(")", order) + "(x)\n"
			for b.Loop() {
				if _, err := dfc.CompileText("grad.df", []byte(text), dfc.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// watch notes when steps happen.
type watch struct {
	dfc.Silent
	first time.Time
	steps int64
	spent time.Duration
	rows  int64
}

func (w *watch) Step(p dfc.Progress) {
	if w.steps == 0 {
		w.first = time.Now()
	}
	w.steps++
	w.rows += p.Rows
	w.spent += p.Took
}

func run(b *testing.B, path string, workers int) *watch {
	b.Helper()
	w := &watch{}
	p, err := dfc.Compile(path, dfc.Options{})
	if err != nil {
		b.Fatal(err)
	}
	bound, err := p.Bind(dfc.DataOptions{Workers: workers})
	if err != nil {
		b.Fatal(err)
	}
	defer bound.Close()
	if _, err := bound.Run(context.Background(), dfc.RunOptions{Out: b.TempDir(), Observer: w}); err != nil {
		b.Fatal(err)
	}
	return w
}

// BenchmarkStep runs whole examples and reports the time of a step and rows a
// second, on one and two workers.
func BenchmarkStep(b *testing.B) {
	for _, name := range []string{"housing", "mnist"} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(b *testing.B) {
				var w *watch
				for b.Loop() {
					w = run(b, "../examples/"+name+".df", workers)
				}
				b.ReportMetric(float64(w.spent.Microseconds())/float64(w.steps), "µs/step")
				b.ReportMetric(float64(w.rows)/w.spent.Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkFirstStep is the time from reading the program to the end of the
// first step, data included.
func BenchmarkFirstStep(b *testing.B) {
	for _, name := range []string{"iris", "housing"} {
		b.Run(name, func(b *testing.B) {
			var total time.Duration
			n := 0
			for b.Loop() {
				began := time.Now()
				w := run(b, "../examples/"+name+".df", 1)
				total += w.first.Sub(began)
				n++
			}
			b.ReportMetric(float64(total.Microseconds())/float64(n)/1e3, "ms-to-first-step")
		})
	}
}

// BenchmarkCSV reads a generated table of a million rows and 20 columns, with
// a text column and holes, for one statistic.
func BenchmarkCSV(b *testing.B) {
	dir := b.TempDir()
	path := filepath.Join(dir, "big.csv")
	const rows = 1_000_000
	writeCSV(b, path, rows, 20)
	var fields strings.Builder
	for i := 0; i < 20; i++ {
		fmt.Fprintf(&fields, "c%d: f32?, ", i)
	}
	sums := make([]string, 20)
	for i := range sums {
		sums[i] = fmt.Sprintf("r.c%d ?? 0", i)
	}
	text := "table T from csv(\"big.csv\") { " + fields.String() + "place: category }\n" +
		"print mean(" + strings.Join(sums, " + ") + " for r in T), count(T.place)\n"
	program := filepath.Join(dir, "big.df")
	if err := os.WriteFile(program, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		run(b, program, 0)
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// writeCSV makes numbers from a small generator, so that files repeat.
func writeCSV(b *testing.B, path string, rows, columns int) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var buf strings.Builder
	for i := 0; i < columns; i++ {
		fmt.Fprintf(&buf, "c%d,", i)
	}
	buf.WriteString("place\n")
	x := uint64(88172645463325252)
	places := []string{"north", "east", "south", "west"}
	for r := 0; r < rows; r++ {
		for i := 0; i < columns; i++ {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			if x%97 != 0 {
				fmt.Fprintf(&buf, "%.4f", float64(int64(x>>20)%2_000_000-1_000_000)/1e4)
			}
			buf.WriteByte(',')
		}
		buf.WriteString(places[x%4] + "\n")
		if buf.Len() > 1<<20 {
			if _, err := f.WriteString(buf.String()); err != nil {
				b.Fatal(err)
			}
			buf.Reset()
		}
	}
	if _, err := f.WriteString(buf.String()); err != nil {
		b.Fatal(err)
	}
}
