package train

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// step is a training of one number whose path shows every step taken.
func stepped(x float64, step int64) float64 { return math.Sin(x*3.7+float64(step)) + 0.25*x }

func sample(x float64, step int64, done, complete bool) *State {
	p := array.New(ir.F64, 1)
	p.F64[0] = x
	k := array.New(ir.Index, 2)
	k.I32[1] = int32(step)
	st := &State{Moment: step, Scheduled: step%5 == 0 || done, Complete: complete,
		Data:       []Fingerprint{{"Houses", 10, "ab"}},
		Categories: []Category{{"Region", []string{"a", "b"}}},
		Given:      []Named{{"centre", p}, {"which", k}},
		Trainings: []*Training{{Name: "fit", Hash: "h", Params: []Named{{"w", p}}, Slots: []Named{{"w/m", p}},
			Progress: Progressed{Step: step, Done: done, Loss: Float(math.Inf(1)), LossSum: Float(x)}}}}
	if done {
		st.Moment++
	}
	if complete {
		st.Moment++
	}
	return st
}

// work runs the sample training to its end, saving each step, from what the
// directory holds.
func work(fsys FS, resume bool) error {
	var st *State
	var store *Store
	var err error
	if resume {
		st, _, err = Load(fsys, "d/state")
		var d *source.Diagnostic
		if errors.As(err, &d) && d.Code == "D0201" {
			resume = false
		} else if err != nil {
			return err
		}
	}
	x, step, done := 0.5, int64(0), false
	if resume {
		store, err = Reopen(fsys, "d/state", st)
		x, step, done = st.Trainings[0].Params[0].Value.F64[0], st.Trainings[0].Progress.Step, st.Trainings[0].Progress.Done
	} else {
		store, err = Create(fsys, "d/state", func(*State) error { return nil })
	}
	if err != nil {
		return err
	}
	if resume && st.Complete {
		return nil
	}
	for step < 7 {
		step++
		x = stepped(x, step)
		if step < 7 {
			if err := store.Save(sample(x, step, false, false)); err != nil {
				return err
			}
		}
	}
	if !done {
		if err := store.Save(sample(x, step, true, false)); err != nil {
			return err
		}
	}
	return store.Save(sample(x, step, true, true))
}

func TestStateReadsBack(t *testing.T) {
	m := newMemFS()
	store, err := Create(m, "d/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := sample(0.75, 3, false, false)
	if err := store.Save(want); err != nil {
		t.Fatal(err)
	}
	got, notices, err := Load(m, "d/state")
	if err != nil || len(notices) > 0 {
		t.Fatal(err, notices)
	}
	got.from = ""
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read back %+v, saved %+v", got, want)
	}
}

// TestEveryFault makes every operation on the disk fail in turn, once alone
// and once with all that follow it, under three ideas of what survives; the
// run that goes on must leave the bytes of a run that was never disturbed.
func TestEveryFault(t *testing.T) {
	calm := newMemFS()
	if err := work(calm, false); err != nil {
		t.Fatal(err)
	}
	want := calm.files()
	if len(want) < 8 {
		t.Fatalf("only %d files in the end", len(want))
	}
	crashes := []struct {
		name         string
		once         bool
		power, names bool
	}{{"one error", true, false, false}, {"killed", false, false, false},
		{"power lost", false, true, false}, {"names outlive bytes", false, false, true}}
	for _, c := range crashes {
		for k := 1; k <= calm.ops; k++ {
			m := newMemFS()
			m.failAt, m.crashes = k, !c.once
			if err := work(m, false); err == nil {
				t.Fatalf("%s at %d: the run did not notice", c.name, k)
			}
			after := m.survive(c.power, c.names)
			if err := work(after, true); err != nil {
				t.Fatalf("%s at %d: going on: %v", c.name, k, err)
			}
			if got := after.files(); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s at %d: other files after going on: %s", c.name, k, differ(got, want))
			}
		}
	}
}

// TestFaultTwice fails again while the run goes on.
func TestFaultTwice(t *testing.T) {
	calm := newMemFS()
	if err := work(calm, false); err != nil {
		t.Fatal(err)
	}
	want := calm.files()
	for k := 20; k < calm.ops; k += 97 {
		m := newMemFS()
		m.failAt, m.crashes = k, true
		work(m, false)
		for j := 1; j < 60; j += 3 {
			again := m.survive(true, false)
			again.failAt, again.crashes = j, true
			work(again, true)
			last := again.survive(true, false)
			if err := work(last, true); err != nil {
				t.Fatalf("at %d and %d: %v", k, j, err)
			}
			if got := last.files(); !reflect.DeepEqual(got, want) {
				t.Fatalf("at %d and %d: %s", k, j, differ(got, want))
			}
		}
	}
}

func differ(got, want map[string]string) string {
	var b strings.Builder
	for n, x := range got {
		if y, ok := want[n]; !ok {
			fmt.Fprintf(&b, " %s is too much;", n)
		} else if x != y {
			fmt.Fprintf(&b, " %s differs;", n)
		}
	}
	for n := range want {
		if _, ok := got[n]; !ok {
			fmt.Fprintf(&b, " %s is missing;", n)
		}
	}
	return b.String()
}

// TestDamage flips a bit of each file of the state in force: the one before is
// used, with a notice.
func TestDamage(t *testing.T) {
	calm := newMemFS()
	if err := work(calm, false); err != nil {
		t.Fatal(err)
	}
	for name, bytes := range calm.files() {
		if !strings.Contains(name, "000009/") || len(bytes) == 0 {
			continue
		}
		m := calm.survive(false, false)
		m.at(name).data[len(bytes)/2] ^= 4
		st, notices, err := Load(m, "d/state")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if st.Moment != 8 || len(notices) != 1 || notices[0].Code != "D0205" {
			t.Errorf("%s damaged: moment %d, notices %v", name, st.Moment, notices)
		}
		if err := work(m, true); err != nil {
			t.Errorf("%s damaged: going on: %v", name, err)
		} else if d := differ(m.files(), calm.files()); d != "" {
			t.Errorf("%s damaged: after going on:%s", name, d)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	m := newMemFS()
	if err := m.Mkdir("d/state"); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(m, "d/state", nil); err != nil {
		t.Errorf("an empty directory: %v", err)
	}
	if _, err := m.Create("d/state/notes.txt"); err != nil {
		t.Fatal(err)
	}
	_, err := Create(m, "d/state", nil)
	var d *source.Diagnostic
	if !errors.As(err, &d) || d.Code != "D0202" || d.Class != source.Usage {
		t.Errorf("a directory with other files: %v", err)
	}
	m = newMemFS()
	if err := work(m, false); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(m, "d/state", func(*State) error { return errors.New("it trains something else") }); !errors.As(err, &d) || d.Code != "D0202" {
		t.Errorf("a state of another program: %v", err)
	}
	if _, err := Create(m, "d/state", func(*State) error { return nil }); err != nil {
		t.Errorf("a state of this program: %v", err)
	}
	if err := work(m, false); err != nil {
		t.Errorf("starting anew over an old state: %v", err)
	}
}

func TestNoState(t *testing.T) {
	m := newMemFS()
	var d *source.Diagnostic
	if _, _, err := Load(m, "d/state"); !errors.As(err, &d) || d.Code != "D0201" {
		t.Errorf("an absent directory: %v", err)
	}
}
