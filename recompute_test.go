package dfc

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deep is a network whose activations are larger than the cache, and what its
// derivatives need of each are several arrays.
const deep = `import nn
table Rows from csv("rows.csv") { x: f32[4] from "x0".."x3", y: f32 }
fn swell(x: real) -> real = x * x * (3 - 2 * x) / (1 + x * x)
model net(r: Rows) -> f32 =
  r.x
  |> a = nn.dense(160) |> norm = nn.layer_norm() |> tanh
  |> b = nn.dense(160) |> swell
  |> out = nn.dense(1) |> scalar
train fit of net on Rows {
  loss      r => huber(net(r), r.y)
  optimizer adam(1e-3)
  batch     all
  steps     2
}
print fit.history.loss
`

// TestRecomputed: where derivatives compute again what is cheaper than memory, a step
// takes less of it, and what is learned has the same bits on any number of workers.
func TestRecomputed(t *testing.T) {
	dir := t.TempDir()
	var rows strings.Builder
	rows.WriteString("x0,x1,x2,x3,y\n")
	for i := range 6000 {
		fmt.Fprintf(&rows, "%d.5,%d,0.%d,%d,%d\n", i%7, i%5-2, i%11, i%3, i%2)
	}
	if err := os.WriteFile(filepath.Join(dir, "rows.csv"), []byte(rows.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	stored, want := trainedDeep(t, dir, 1, "recompute", "strips")
	for _, workers := range []int{1, 3} {
		again, got := trainedDeep(t, dir, workers, "strips")
		if again*3 > stored*2 {
			t.Errorf("a step takes %d bytes, and %d where everything is stored", again, stored)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers learn other numbers", workers)
		}
	}
}

// trainedDeep is the arena of a step, and what has been learned.
func trainedDeep(t *testing.T, dir string, workers int, disabled ...string) (arena int64, learned []float64) {
	t.Helper()
	b := boundText(t, filepath.Join(dir, "deep.df"), deep, workers, disabled...)
	for _, fn := range b.planned() {
		if !strings.HasSuffix(fn.name, ".step") {
			continue
		}
		f, err := b.runtime.Function(fn.name, fn.donate)
		if err != nil {
			t.Fatal(err)
		}
		arena = f.Plan().Peak
	}
	r, err := b.Run(context.Background(), RunOptions{Out: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.weight", "norm.scale", "b.weight", "out.weight"} {
		a, ok := r.Value("fit/net." + name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		for i := range a.Len() {
			learned = append(learned, a.Float(i))
		}
	}
	return arena, learned
}
