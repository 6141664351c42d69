package dfc

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestRunLine(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	b := line{batch: 32, epochs: 12}.bound(t, dir, 1)
	var said bytes.Buffer
	r, err := b.Run(context.Background(), RunOptions{Out: filepath.Join(dir, "out"), Save: filepath.Join(dir, "state"), Stdout: &said})
	if err != nil {
		t.Fatal(err)
	}
	slope, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimPrefix(said.String(), "slope ")), 64)
	if err != nil || math.Abs(slope-2) > 0.05 {
		t.Errorf("printed %q", said.String())
	}
	if len(r.Trainings) != 1 || r.Trainings[0].Epochs != 12 || len(r.Files) != 1 {
		t.Errorf("%+v", r)
	}
	rows := strings.Split(strings.TrimSpace(tree(t, filepath.Join(dir, "out"))["predicted.csv"]), "\n")
	if rows[0] != "kind,actual,predicted" || len(rows) < 80 {
		t.Errorf("%d rows, the first %q", len(rows), rows[0])
	}
}

// TestTableOfTheRun derives a table by a condition on a statistic: its size,
// which a plan needs, is known only while the program runs.
func TestTableOfTheRun(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	b := line{batch: 100, epochs: 1, above: true}.bound(t, dir, 1)
	r, err := b.Run(context.Background(), RunOptions{Out: dir})
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) float64 {
		a, ok := r.Value(name)
		if !ok {
			t.Fatalf("no value %s", name)
		}
		return a.Float(0)
	}
	want, least := 0.0, math.Inf(1)
	for i := range 600 {
		if x := float64(i%97) / 20; float64(float32(x)) > value("centre") {
			want += x
			least = min(least, x)
		}
	}
	if math.Abs(value("total")-want) > 0.1 || math.Abs(value("least")-least) > 1e-6 {
		t.Errorf("total %v, least %v of the rows above %v; expected %v, %v", value("total"), value("least"), value("centre"), want, least)
	}
}

func TestDivergence(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	l := line{batch: 64, epochs: 40, rate: 3e4}
	_, _, err := runIn(t, l, dir, 1, false, RunOptions{EverySteps: 2})
	if err == nil || Exit(err) != 1 {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"not finite", "step", "the state saved last is intact"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the report lacks %q:\n%v", want, err)
		}
	}
	if left := tree(t, filepath.Join(dir, "out")); len(left) > 0 {
		t.Errorf("a diverged run left %v", left)
	}
	if s, err := Inspect(filepath.Join(dir, "state")); err != nil || s.Trainings[0].Step%2 != 0 {
		t.Errorf("the state left: %+v, %v", s, err)
	}
}

func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	save(t, filepath.Join(dir, "out"), "a file where the folder should be")
	steps := &counter{}
	b := line{batch: 32, epochs: 2}.bound(t, dir, 1)
	if _, err := b.Run(context.Background(), RunOptions{Out: filepath.Join(dir, "out"), Observer: steps}); err == nil || Exit(err) != 1 || steps.n > 0 {
		t.Errorf("after %d steps: %v", steps.n, err)
	}
}

type counter struct {
	Silent
	n int
}

func (c *counter) Step(Progress) { c.n++ }

func TestEmit(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	b := line{batch: 32, epochs: 2}.bound(t, dir, 1)
	for _, s := range Stages() {
		if s.Name == "ast" {
			continue // IR text has none
		}
		var out bytes.Buffer
		if err := b.Emit(&out, s.Name); err != nil || out.Len() == 0 {
			t.Errorf("%s: %d bytes, %v", s.Name, out.Len(), err)
		}
		if err := b.program.Emit(&out, s.Name); s.Data != NeedsData(err) {
			t.Errorf("%s without data: %v", s.Name, err)
		}
	}
	for _, name := range passNames() {
		var out bytes.Buffer
		if err := b.Emit(&out, "after "+name); err != nil || out.Len() == 0 {
			t.Errorf("after %s: %d bytes, %v", name, out.Len(), err)
		}
	}
	if err := b.Emit(&bytes.Buffer{}, "plam"); err == nil || Exit(err) != 2 || !strings.Contains(err.Error(), "plan") {
		t.Errorf("%v", err)
	}
}

func TestTopics(t *testing.T) {
	kinds := map[string]int{}
	for _, p := range Topics() {
		kinds[p.Kind]++
		if p.Name == "" || p.Title == "" {
			t.Errorf("%+v", p)
		}
	}
	for _, k := range []string{"codes", "operations", "passes", "functions"} {
		if kinds[k] == 0 {
			t.Errorf("no %s", k)
		}
	}
	if found, near := Explain("einsun"); len(found) > 0 || near != "einsum" {
		t.Errorf("near einsun is %q", near)
	}
}

// mallocs looks at the heap after some steps of the first pass.
type mallocs struct {
	Silent
	from, to uint64
}

func (m *mallocs) Step(p Progress) {
	var s runtime.MemStats
	switch p.Step {
	case 50:
		runtime.ReadMemStats(&s)
		m.from = s.Mallocs
	case 450:
		runtime.ReadMemStats(&s)
		m.to = s.Mallocs
	}
}

// TestStepsAllocateNothing counts what is allocated in 400 steps with batches
// of a table, on real data and kernels; what little there is belongs to the
// rest of the process.
func TestStepsAllocateNothing(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	b := line{batch: 1, epochs: 1}.bound(t, dir, 1)
	var m mallocs
	if _, err := b.Run(context.Background(), RunOptions{Out: dir, Observer: &m}); err != nil {
		t.Fatal(err)
	}
	if n := int64(m.to) - int64(m.from); m.to == 0 || n > 40 {
		t.Errorf("400 steps allocate %d times", n)
	}
}

// TestInterruptedReading: a run that is told to end while its data is read
// ends at once, and so does a prediction.
func TestInterruptedReading(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	p := line{batch: 1, epochs: 1}.compiled(t, dir)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("enough"))
	b, err := p.BindContext(ctx, DataOptions{})
	var e *Interrupted
	if b != nil || !errors.As(err, &e) || !e.Reading || Exit(err) != 130 || e.Error() != "interrupted while the data was read" {
		t.Errorf("%v", err)
	}
}
