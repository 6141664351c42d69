package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// toy is a training of one weight with one slot on a table of two columns,
// whose step is written in Go: momentum on squared error.
type toy struct {
	x, y    []float64
	train   *ir.Train
	inf     int64 // a step whose loss overflows, 0 for none
	burst   int64 // a step that makes the weight infinite, 0 for none
	cancel  func(step int64)
	metrics []float64 // scripted, by evaluation; nil: the weight's error
	seen    int
	blamed  float64 // weight with which Blame was called
}

func newToy() *toy {
	t := &toy{train: &ir.Train{Model: "line", Table: "Points", Loss: "loss", Symbol: "B", Batch: 4, Last: "short",
		Order: "file", Epochs: 6, Seed: 3, Keep: "last",
		Params:  []ir.TrainParam{{Path: "line.w", Type: ir.ScalarOf(ir.F64), Slots: []ir.Slot{{Name: "m", Type: ir.ScalarOf(ir.F64)}}}},
		Metrics: []ir.Metric{{Name: "error", Output: "error"}}}}
	for i := range 11 {
		t.x = append(t.x, float64(i%5)/5)
		t.y = append(t.y, 0.7*t.x[i]+0.01*float64(i))
	}
	return t
}

func (t *toy) functions() (step, init *ir.Func) {
	f := ir.ScalarOf(ir.F64)
	col := ir.TensorOf(ir.F64, ir.Sym("B"))
	step = ir.NewFunc("@fit.step")
	w := step.AddParam("w", f, ir.Input{Role: ir.Weight, Bind: "line.w"})
	m := step.AddParam("m", f, ir.Input{Role: ir.Plain})
	step.AddParam("x", col, ir.Input{Role: ir.Col, Bind: "x"})
	step.AddParam("y", col, ir.Input{Role: ir.Col, Bind: "y"})
	step.AddParam("key", ir.ScalarOf(ir.Key), ir.Input{Role: ir.Seed, Bind: "fit"})
	step.AddParam("step", ir.ScalarOf(ir.I64), ir.Input{Role: ir.Step})
	step.Body.Results = []*ir.Value{w, m, w}
	init = ir.NewFunc("@fit.init")
	k := init.AddParam("key", ir.ScalarOf(ir.Key), ir.Input{Role: ir.Seed, Bind: "init"})
	init.Body.Results = []*ir.Value{k, k}
	return step, init
}

func (t *toy) step(in, out []*array.Array, actual map[string]int64) error {
	w, m, x, y, n := in[0].F64[0], in[1].F64[0], in[2], in[3], in[5].I64[0]
	rows := int(actual["B"])
	loss, g := 0.0, 0.0
	for i := range rows {
		e := w*x.F64[i] - y.F64[i]
		loss += e * e
		g += 2 * e * x.F64[i]
	}
	noise := ir.UniformF64(ir.Mix(uint64(in[4].I64[0]), 0)) - 0.5
	m = 0.8*m + g/float64(rows) + 0.05*noise
	out[0].F64[0], out[1].F64[0], out[2].F64[0] = w-0.2*m, m, loss/float64(rows)
	if n == t.inf {
		out[0].F64[0], out[2].F64[0] = math.NaN(), math.Inf(1)
	}
	if n == t.burst {
		out[0].F64[0] = math.Inf(1)
	}
	if t.cancel != nil {
		t.cancel(n)
	}
	return nil
}

func (t *toy) setup() Setup {
	step, init := t.functions()
	node := &ir.Node{Name: "fit", Body: t.train}
	s := Setup{Node: node, Hash: "h", Step: Call{step, t.step},
		Init: Call{init, func(in, out []*array.Array, _ map[string]int64) error {
			out[0], out[1] = array.New(ir.F64), array.New(ir.F64)
			out[0].F64[0] = ir.UniformF64(uint64(in[0].I64[0]))
			return nil
		}},
		Evaluate: func(_ context.Context, live []Named) ([]float64, error) {
			if t.metrics != nil {
				t.seen++
				return []float64{t.metrics[t.seen-1]}, nil
			}
			return []float64{math.Abs(live[0].Value.F64[0] - 0.7)}, nil
		},
		Blame: func(in []*array.Array, _ map[string]int64) *source.Diagnostic {
			t.blamed = in[0].F64[0]
			return &source.Diagnostic{Code: "D0220", Message: "exp overflows", Place: source.Place{Row: 2}}
		},
		Locate: func(row int64) source.Place { return source.Place{File: "points.csv", Row: row + 1} },
	}
	if t.train.Table != "" {
		s.Feed = toyFeed{t}
	}
	return s
}

type toyFeed struct{ t *toy }

func (f toyFeed) Rows() int64 { return int64(len(f.t.x)) }

func (f toyFeed) Open(pass, batch int64) (Pass, error) {
	b := &Batch{Columns: make([]*array.Array, 2)}
	p := &toyPass{t: f.t, at: int(batch), pass: int(pass), full: f.table(int(pass)), b: b}
	return p, nil
}

// table is the table in the order of a pass: turned by its number.
func (f toyFeed) table(pass int) *Batch {
	n := len(f.t.x)
	x, y, num := array.New(ir.F64, n), array.New(ir.F64, n), array.New(ir.I64, n)
	for i := range n {
		j := (i + pass) % n
		x.F64[i], y.F64[i], num.I64[i] = f.t.x[j], f.t.y[j], int64(j)
	}
	return &Batch{Columns: []*array.Array{x, y}, Rows: n, Numbers: func() *array.Array { return num }}
}

type toyPass struct {
	t        *toy
	at, pass int
	full, b  *Batch
}

func (p *toyPass) Next() (*Batch, error) {
	from := p.at * int(p.t.train.Batch)
	to := min(len(p.t.x), from+int(p.t.train.Batch))
	if from >= to {
		return nil, nil
	}
	p.at++
	p.b.Columns[0], p.b.Columns[1] = p.full.Columns[0].Rows(from, to), p.full.Columns[1].Rows(from, to)
	p.b.Rows = to - from
	p.b.Numbers = func() *array.Array { return p.full.Numbers().Rows(from, to) }
	return p.b, nil
}

func (p *toyPass) Close() error { return nil }

// saving runs a toy with a state directory, resuming what is there if asked.
func (t *toy) saving(ctx context.Context, fsys FS, resume bool, every int64) (*Result, error) {
	s := t.setup()
	k := &Keeper{State: &State{}, Steps: every, Every: time.Hour, Observer: Silent{}}
	var err error
	if resume {
		st, _, lerr := Load(fsys, "s")
		var d *source.Diagnostic
		if errors.As(lerr, &d) && d.Code == "D0201" {
			resume = false
		} else if lerr != nil {
			return nil, lerr
		} else {
			if k.Store, err = Reopen(fsys, "s", st); err != nil {
				return nil, err
			}
			k.State, s.Resumed = st, st.Training("fit")
		}
	}
	if !resume {
		if k.Store, err = Create(fsys, "s", func(*State) error { return nil }); err != nil {
			return nil, err
		}
	}
	s.Keeper = k
	r, err := Run(ctx, s)
	if err != nil {
		return nil, err
	}
	return r, k.Complete()
}

func weight(r *Result) float64 { return r.Params[0].Value.F64[0] }

func TestResumedIsUnbroken(t *testing.T) {
	calm := newMemFS()
	want, err := newToy().saving(context.Background(), calm, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	for stop := int64(1); stop <= 18; stop++ {
		m, y := newMemFS(), newToy()
		ctx, cancel := context.WithCancel(context.Background())
		y.cancel = func(n int64) {
			if n == stop {
				cancel()
			}
		}
		_, err := y.saving(ctx, m, false, 0)
		var in *Interrupted
		if stop < 18 && (!errors.As(err, &in) || in.Step != stop || in.Dir != "s") {
			t.Fatalf("interrupted at %d: %v", stop, err)
		}
		got, err := newToy().saving(context.Background(), m, true, 0)
		if err != nil {
			t.Fatal(err)
		}
		if weight(got) != weight(want) || !reflect.DeepEqual(m.files(), calm.files()) {
			t.Errorf("interrupted at %d: %v after going on, %v unbroken;%s", stop, weight(got), weight(want), differ(m.files(), calm.files()))
		}
	}
}

// TestLoopFaults breaks the disk under a real loop, at every operation.
func TestLoopFaults(t *testing.T) {
	calm := newMemFS()
	if _, err := newToy().saving(context.Background(), calm, false, 5); err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= calm.ops; k++ {
		m := newMemFS()
		m.failAt, m.crashes = k, k%2 == 0
		if _, err := newToy().saving(context.Background(), m, false, 5); err == nil {
			t.Fatalf("at %d: not noticed", k)
		}
		after := m.survive(k%3 == 0, k%3 == 1)
		if _, err := newToy().saving(context.Background(), after, true, 5); err != nil {
			t.Fatalf("at %d: going on: %v", k, err)
		}
		if !reflect.DeepEqual(after.files(), calm.files()) {
			t.Fatalf("at %d:%s", k, differ(after.files(), calm.files()))
		}
	}
}

func TestStopAndKeepBest(t *testing.T) {
	y := newToy()
	y.train.Epochs = 20
	y.train.Stop = &ir.Stop{Metric: "error", Patience: 3}
	y.train.Keep = "error"
	y.metrics = []float64{5, 4, 3, math.NaN(), 3, 3.5}
	var at []float64
	s := y.setup()
	inner := s.Evaluate
	s.Evaluate = func(ctx context.Context, live []Named) ([]float64, error) {
		at = append(at, live[0].Value.F64[0])
		return inner(ctx, live)
	}
	r, err := Run(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	if r.Finish.Why != "stalled" || r.Finish.Epochs != 6 || r.Finish.Kept != 9 || weight(r) != at[2] {
		t.Errorf("%+v, kept %v of %v", r.Finish, weight(r), at)
	}
	if r.State.Best[0].Value.F64[0] != at[5] {
		t.Errorf("the last parameters are not set aside")
	}
}

func TestLongerSchedule(t *testing.T) {
	for _, keep := range []string{"last", "error"} {
		whole := newToy()
		whole.train.Epochs, whole.train.Keep = 9, keep
		want, err := Run(context.Background(), whole.setup())
		if err != nil {
			t.Fatal(err)
		}
		m, y := newMemFS(), newToy()
		y.train.Keep = keep
		if _, err := y.saving(context.Background(), m, false, 0); err != nil {
			t.Fatal(err)
		}
		y = newToy()
		y.train.Epochs, y.train.Keep = 9, keep
		got, err := y.saving(context.Background(), m, true, 0)
		if err != nil {
			t.Fatal(err)
		}
		if weight(got) != weight(want) || !reflect.DeepEqual(got.State.Progress, want.State.Progress) {
			t.Errorf("keep %s: 6 and then 9 passes give %v, 9 give %v", keep, weight(got), weight(want))
		}
	}
}

func TestDivergence(t *testing.T) {
	clean := newToy()
	clean.train.Epochs, clean.train.Steps = 0, 7
	want, err := Run(context.Background(), clean.setup())
	if err != nil {
		t.Fatal(err)
	}
	y, m := newToy(), newMemFS()
	y.inf = 8
	_, err = y.saving(context.Background(), m, false, 5)
	var d *source.Diagnostic
	if !errors.As(err, &d) || d.Code != "D0220" || d.Place.File != "points.csv" {
		t.Fatalf("%v", err)
	}
	if y.blamed != weight(want) {
		t.Errorf("blamed with weight %v, it was %v before the step", y.blamed, weight(want))
	}
	st, _, err := Load(m, "s")
	if err != nil || st.Training("fit").Progress.Step != 5 {
		t.Errorf("the state left: %v %v", st, err)
	}
}

// TestDivergenceUntraced: what is said where no operation can be blamed.
func TestDivergenceUntraced(t *testing.T) {
	for _, c := range []struct {
		inf, burst int64
		want       string
	}{
		{inf: 8, want: "error D0220: the loss of fit is not finite\n  note: this was step 8 of fit\n" +
			"  try: a smaller rate, `clip norm(1.0)`, or a look at the values named above"},
		{burst: 3, want: "error D0221: a parameter of fit is not finite\n  note: this was step 3 of fit\n" +
			"  try: a smaller rate, `clip norm(1.0)`, or a look at the values named above"},
	} {
		y := newToy()
		y.inf, y.burst = c.inf, c.burst
		s := y.setup()
		s.Blame = nil
		_, err := Run(context.Background(), s)
		var d *source.Diagnostic
		if !errors.As(err, &d) {
			t.Fatalf("%v", err)
		}
		if got := source.Render(d, source.Style{}); got != c.want {
			t.Errorf("%s\nnot\n%s", got, c.want)
		}
	}
}

func TestOtherProgramIsRefused(t *testing.T) {
	m := newMemFS()
	if _, err := newToy().saving(context.Background(), m, false, 0); err != nil {
		t.Fatal(err)
	}
	st, _, err := Load(m, "s")
	if err != nil {
		t.Fatal(err)
	}
	s := newToy().setup()
	s.Resumed, s.Hash = st.Training("fit"), "other"
	var d *source.Diagnostic
	if _, err := Run(context.Background(), s); !errors.As(err, &d) || d.Code != "D0207" {
		t.Errorf("%v", err)
	}
}

func TestStepsWithoutTable(t *testing.T) {
	y := newToy()
	y.train.Table, y.train.Symbol, y.train.Epochs, y.train.Steps = "", "", 0, 250
	s := y.setup()
	x := array.New(ir.F64, 1)
	x.F64[0] = 1
	s.Step.Run = func(in, out []*array.Array, _ map[string]int64) error {
		in = append([]*array.Array{}, in...)
		in[2], in[3] = x, x
		return y.step(in, out, map[string]int64{"B": 1})
	}
	r, err := Run(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	var steps []int64
	for _, h := range r.State.Progress.History {
		steps = append(steps, h.Step)
	}
	if !reflect.DeepEqual(steps, []int64{100, 200, 250}) {
		t.Errorf("evaluated at %v", steps)
	}
}

// TestStepAllocatesNothing measures steps within a pass.
func TestStepAllocatesNothing(t *testing.T) {
	y := newToy()
	y.train.All = true
	l, err := newLoop(y.setup())
	if err != nil {
		t.Fatal(err)
	}
	l.per = 1 << 40
	b := toyFeed{y}.table(0)
	l.feed.pass, l.state.Progress.Batch = constant{b}, 1
	ctx := context.Background()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := l.advance(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.keep(ctx, false); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}

type constant struct{ b *Batch }

func (c constant) Next() (*Batch, error) { return c.b, nil }
func (c constant) Close() error          { return nil }

// TestOtherRule goes on with another rule for keeping than the state was saved
// with: what was not set aside, or was best by another measure, is not the best.
func TestOtherRule(t *testing.T) {
	for _, c := range []struct {
		name string
		at   int64 // interrupted after this step, 0 for a whole shorter run
		kept int64
	}{{"interrupted", 10, 18}, {"ended", 0, 27}} {
		m, y := newMemFS(), newToy()
		y.train.Stop = &ir.Stop{Metric: "error", Patience: 9}
		y.metrics = []float64{1, 2, 3, 4, 5, 6}
		ctx, cancel := context.WithCancel(context.Background())
		y.cancel = func(step int64) {
			if step == c.at {
				cancel()
			}
		}
		_, err := y.saving(ctx, m, false, 0)
		cancel()
		var stopped *Interrupted
		if err != nil && !errors.As(err, &stopped) {
			t.Fatal(err)
		}
		y = newToy()
		y.train.Keep = "error"
		y.metrics = []float64{9, 8, 7}
		if c.at == 0 {
			y.train.Epochs = 9
		}
		r, err := y.saving(context.Background(), m, true, 0)
		if err != nil {
			t.Fatal(err)
		}
		if r.Finish.Kept != c.kept {
			t.Errorf("%s: kept the parameters of step %d, not %d", c.name, r.Finish.Kept, c.kept)
		}
	}
}

// BenchmarkLoop is what a step costs around its function: the feed is one
// batch again and again, the step is next to nothing.
func BenchmarkLoop(b *testing.B) {
	y := newToy()
	y.train.Steps, y.train.Epochs, y.train.Metrics = int64(b.N)+1, 0, nil
	s := y.setup()
	full := toyFeed{y}.table(0)
	s.Feed, s.Evaluate = sameFeed{full}, nil
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := Run(context.Background(), s); err != nil {
		b.Fatal(err)
	}
}

// sameFeed yields the same batch without end.
type sameFeed struct{ b *Batch }

func (f sameFeed) Rows() int64                          { return 1 << 40 }
func (f sameFeed) Open(pass, batch int64) (Pass, error) { return f, nil }
func (f sameFeed) Next() (*Batch, error)                { return f.b, nil }
func (f sameFeed) Close() error                         { return nil }
