package dfc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"testing"
	"time"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/train"
)

// quick is a program of 60 steps whose best is not its last.
var quick = line{batch: 40, epochs: 5, stop: &ir.Stop{Metric: "rmse", Patience: 3}, keep: "rmse"}

// finished is what a run that was never disturbed leaves: files and print.
func finished(t *testing.T, l line, workers int) (files map[string]string, said string) {
	t.Helper()
	dir := t.TempDir()
	points(t, dir)
	files, said, err := runIn(t, l, dir, workers, false, RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return files, said
}

// runIn runs a program in a directory, saving every 7 steps to state, and
// returns what it left.
func runIn(t *testing.T, l line, dir string, workers int, resume bool, o RunOptions) (map[string]string, string, error) {
	t.Helper()
	b := l.bound(t, dir, workers)
	var said bytes.Buffer
	o.Stdout, o.Out = &said, filepath.Join(dir, "out")
	if o.EverySteps == 0 && o.Every == 0 {
		o.EverySteps = 7
	}
	if resume {
		o.Resume = filepath.Join(dir, "state")
	} else {
		o.Save = filepath.Join(dir, "state")
	}
	_, err := b.Run(context.Background(), o)
	return tree(t, dir), said.String(), err
}

func differ(got, want map[string]string) string {
	var names []string
	for n, x := range got {
		if y, ok := want[n]; !ok || x != y {
			names = append(names, n)
		}
	}
	for n := range want {
		if _, ok := got[n]; !ok {
			names = append(names, n+" (missing)")
		}
	}
	sort.Strings(names)
	return fmt.Sprint(names)
}

func TestWorkersLeaveTheSameBytes(t *testing.T) {
	t.Parallel()
	want, said := finished(t, quick, 1)
	for _, workers := range []int{2, 4} {
		got, says := finished(t, quick, workers)
		if says != said || !reflect.DeepEqual(got, want) {
			t.Errorf("%d workers: %q, not %q; other files %s", workers, says, said, differ(got, want))
		}
	}
}

// stopper ends a run after some of its steps.
type stopper struct {
	Silent
	after  int64
	cancel context.CancelFunc
}

func (s *stopper) Step(p Progress) {
	if p.Step == s.after {
		s.cancel()
	}
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	want, said := finished(t, quick, 1)
	for after := int64(1); after < 60; after += 6 {
		dir := t.TempDir()
		points(t, dir)
		b := quick.bound(t, dir, 1)
		ctx, cancel := context.WithCancel(context.Background())
		_, err := b.Run(ctx, RunOptions{Save: filepath.Join(dir, "state"), Out: filepath.Join(dir, "out"), EverySteps: 7, Observer: &stopper{after: after, cancel: cancel}})
		var in *Interrupted
		if !errors.As(err, &in) || in.Step != after || Exit(err) != 130 {
			t.Fatalf("after step %d: %v", after, err)
		}
		if left := tree(t, filepath.Join(dir, "out")); len(left) > 0 {
			t.Errorf("an interrupted run left %v", left)
		}
		got, says, err := runIn(t, quick, dir, 2, true, RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if says != said || !reflect.DeepEqual(got, want) {
			t.Errorf("stopped after %d: %q, not %q; other files %s", after, says, said, differ(got, want))
		}
	}
}

// brokenDisk fails from its k-th operation on.
type brokenDisk struct {
	train.FS
	ops, at int
}

var errDisk = errors.New("no space left on device")

func (d *brokenDisk) tick() error {
	if d.ops++; d.at > 0 && d.ops >= d.at {
		return errDisk
	}
	return nil
}

func (d *brokenDisk) Create(path string) (train.File, error) {
	if err := d.tick(); err != nil {
		return nil, err
	}
	f, err := d.FS.Create(path)
	return &brokenFile{f, d}, err
}

func (d *brokenDisk) Rename(from, to string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.Rename(from, to)
}

func (d *brokenDisk) Remove(path string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.Remove(path)
}

func (d *brokenDisk) SyncDir(path string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.SyncDir(path)
}

type brokenFile struct {
	train.File
	d *brokenDisk
}

func (f *brokenFile) Write(b []byte) (int, error) {
	if err := f.d.tick(); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f *brokenFile) Sync() error {
	if err := f.d.tick(); err != nil {
		return err
	}
	return f.File.Sync()
}

// TestBrokenDisk fails every operation on the state of a real program.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	small := line{batch: 200, epochs: 2}
	o := RunOptions{EverySteps: 4}
	dir := t.TempDir()
	points(t, dir)
	counter := &brokenDisk{FS: train.Disk}
	o.FS = counter
	want, said, err := runIn(t, small, dir, 1, false, o)
	if err != nil {
		t.Fatal(err)
	}
	for k := 1; k <= counter.ops; k++ {
		dir := t.TempDir()
		points(t, dir)
		o.FS = &brokenDisk{FS: train.Disk, at: k}
		_, _, err := runIn(t, small, dir, 1, false, o)
		if err == nil || Exit(err) != 1 {
			t.Fatalf("operation %d: %v", k, err)
		}
		if left := tree(t, filepath.Join(dir, "out")); len(left) > 0 {
			t.Errorf("operation %d: a failed run left %v", k, left)
		}
		o.FS = nil
		got, says, err := runIn(t, small, dir, 1, true, o)
		if err != nil {
			t.Fatalf("operation %d: going on: %v", k, err)
		}
		if says != said || !reflect.DeepEqual(got, want) {
			t.Fatalf("operation %d: %q, not %q; other files %s", k, says, said, differ(got, want))
		}
	}
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DFC_TEST_RUN"); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child runs the quick program as a process of its own; it rests between
// steps, so that it lives long enough to be killed at any of them.
func child(dir string) int {
	p, err := CompileText(filepath.Join(dir, "line.ir"), []byte(quick.module().String()), Options{})
	if err != nil {
		return Exit(err)
	}
	b, err := p.Bind(DataOptions{})
	if err != nil {
		return Exit(err)
	}
	o := RunOptions{Out: filepath.Join(dir, "out"), Every: 2 * time.Millisecond, Observer: resting{}}
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		o.Resume = filepath.Join(dir, "state")
	} else {
		o.Save = filepath.Join(dir, "state")
	}
	_, err = b.Run(context.Background(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return Exit(err)
}

type resting struct{ Silent }

func (resting) Step(Progress) { time.Sleep(time.Millisecond) }

// TestKilled kills the process again and again until one run comes through.
func TestKilled(t *testing.T) {
	t.Parallel()
	want, _ := finished(t, quick, 1)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 6 {
		dir := t.TempDir()
		points(t, dir)
		kills := 0
		for {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), "DFC_TEST_RUN="+dir)
			var said bytes.Buffer
			c.Stderr = &said
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- c.Wait() }()
			limit := time.Duration(10+random.IntN(150)) * time.Millisecond
			if kills > 8 {
				limit = time.Minute
			}
			var err error
			select {
			case err = <-done:
			case <-time.After(limit):
				c.Process.Kill()
				err = <-done
				kills++
				continue
			}
			if err != nil {
				t.Fatalf("after %d kills: %v\n%s", kills, err, said.String())
			}
			break
		}
		if got := tree(t, dir); !reflect.DeepEqual(got, want) {
			t.Errorf("round %d, %d kills: other files %s", round, kills, differ(got, want))
		}
	}
}

func TestResumeNeedsTheSame(t *testing.T) {
	dir := t.TempDir()
	points(t, dir)
	if _, _, err := runIn(t, quick, dir, 1, false, RunOptions{}); err != nil {
		t.Fatal(err)
	}
	code := func(err error) string {
		l := source.AsList(err)
		if len(l) == 0 {
			return ""
		}
		return l[0].Code
	}
	other := quick
	other.batch = 41
	if _, _, err := runIn(t, other, dir, 1, true, RunOptions{}); code(err) != "D0207" {
		t.Errorf("another batch: %v", err)
	}
	if _, _, err := runIn(t, other, dir, 1, false, RunOptions{}); code(err) != "D0202" || Exit(err) != 2 {
		t.Errorf("saving over the state of another program: %v", err)
	}
	longer := quick
	longer.epochs, longer.stop = 7, nil
	if _, _, err := runIn(t, longer, dir, 1, true, RunOptions{}); err != nil {
		t.Errorf("a longer schedule: %v", err)
	}
	save(t, filepath.Join(dir, "points.csv"), "x,y,kind\n1,2,low\n")
	if _, _, err := runIn(t, quick, dir, 1, true, RunOptions{}); code(err) != "D0208" {
		t.Errorf("other data: %v", err)
	}
	empty := t.TempDir()
	points(t, empty)
	if _, _, err := runIn(t, quick, empty, 1, true, RunOptions{}); code(err) != "D0201" {
		t.Errorf("no state: %v", err)
	}
	if err := os.Mkdir(filepath.Join(empty, "state"), 0o777); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(empty, "state", "thesis.tex"), "precious")
	if _, _, err := runIn(t, quick, empty, 1, false, RunOptions{}); code(err) != "D0202" {
		t.Errorf("a directory with other files: %v", err)
	}
}
