package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dfc-lang/dfc"
)

// took keeps how long each step was under way.
type took struct {
	dfc.Silent
	steps []time.Duration
}

func (w *took) Step(p dfc.Progress) { w.steps = append(w.steps, p.Took) }

// rate writes tables of users, films and ratings for factorisation.df.
func rate(b *testing.B, dir string, users, films, ratings uint64) {
	x := uint64(88172645463325252)
	next := func(n uint64) uint64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		return x >> 11 % n
	}
	keys := func(name string, n uint64) string {
		var s strings.Builder
		fmt.Fprintln(&s, name)
		for i := range n {
			fmt.Fprintln(&s, i)
		}
		return s.String()
	}
	var s strings.Builder
	s.WriteString("user,film,stars\n")
	for range ratings {
		fmt.Fprintf(&s, "%d,%d,%d\n", next(users), next(films), 1+next(5))
	}
	for name, text := range map[string]string{"users.csv": keys("user", users), "films.csv": keys("film", films), "ratings.csv": s.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFactorisation is the step of factorisation.df with the rows of the
// batch alone and with all rows, and what Adam adds lazily. The least of the
// times of the steps is reported too, which other work on the machine does not
// move.
func BenchmarkFactorisation(b *testing.B) {
	dir := b.TempDir()
	rate(b, dir, 100_000, 20_000, 102_400)
	text, err := os.ReadFile("factorisation.df")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct{ name, optimizer, disabled string }{
		{"sgd touched", "sgd(0.1)", ""}, {"sgd all", "sgd(0.1)", "touch"},
		{"adam lazily", "adam(0.001) lazily", ""}, {"adam all", "adam(0.001)", ""},
	} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", c.name, workers), func(b *testing.B) {
				w := &took{}
				program := strings.Replace(string(text), "sgd(0.1)", c.optimizer, 1)
				p, err := dfc.CompileText(filepath.Join(dir, "f.df"), []byte(program), dfc.Options{Disabled: strings.Fields(c.disabled),
					Settings: map[string]string{"data": dir}})
				if err != nil {
					b.Fatal(err)
				}
				bound, err := p.Bind(dfc.DataOptions{Workers: workers})
				if err != nil {
					b.Fatal(err)
				}
				defer bound.Close()
				for b.Loop() {
					if _, err := bound.Run(context.Background(), dfc.RunOptions{Out: b.TempDir(), Observer: w}); err != nil {
						b.Fatal(err)
					}
				}
				slices.Sort(w.steps)
				b.ReportMetric(float64(w.steps[0].Nanoseconds())/1e3, "µs-least")
				b.ReportMetric(float64(w.steps[len(w.steps)/2].Nanoseconds())/1e3, "µs/step")
			})
		}
	}
}
