package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/runtime/train"
)

// stopper ends a run after so many steps of its trainings together.
type stopper struct {
	dfc.Silent
	after  int
	cancel context.CancelFunc
}

func (s *stopper) Step(dfc.Progress) {
	if s.after--; s.after == 0 {
		s.cancel()
	}
}

// TestEveryStep stops programs after their steps, in the middle of passes, at
// their ends and between trainings, and has them go on.
func TestEveryStep(t *testing.T) {
	for _, c := range []struct {
		p    Program
		save int64
		by   int
	}{{Shop(200, 32, 4), 3, 1}, {Shop(150, 32, 3), 0, 2}, {Swing(110), 50, 7}} {
		t.Run(c.p.Name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.p, c.save)
			want, err := b.run(context.Background(), t.TempDir(), false, dfc.RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			after := 1
			for b.stopped(after, want) {
				after += c.by
			}
			if after < 15 {
				t.Errorf("only %d steps", after)
			}
		})
	}
}

// stopped stops the program after some steps and has it go on; false where it
// has come to its end before.
func (b *bench) stopped(after int, want Left) bool {
	t, dir := b.t, b.t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	got, err := b.run(ctx, dir, false, dfc.RunOptions{Observer: &stopper{after: after, cancel: cancel}})
	if err == nil {
		same(t, "to its end", got, want)
		return false
	}
	var stopped *dfc.Interrupted
	if !errors.As(err, &stopped) || stopped.Dir == "" {
		t.Fatalf("stopped after %d steps: %v", after, err)
	}
	if got, err = b.run(context.Background(), dir, true, dfc.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	same(t, fmt.Sprintf("stopped after %d steps", after), got, want)
	return true
}

// states are the numbered directories of a state, the newest last.
func states(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "state", "0*"))
	if err != nil || len(all) == 0 {
		t.Fatalf("no states: %v", err)
	}
	sort.Strings(all)
	return all
}

// spoil changes a byte in the middle of a file.
func spoil(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 0x10
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestDamaged spoils each file of the newest state in turn: the one before is
// used, with a notice, and the end is the same. When both are spoiled the
// message says so.
func TestDamaged(t *testing.T) {
	p := Shop(200, 30, 2)
	first := lay(t, p)
	want := run(t, p, first, 0, "--save", "state", "--save-every", "4")
	newest := states(t, first)[1]
	files, err := os.ReadDir(newest)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		dir := lay(t, p)
		for _, sub := range []string{"state", "out"} { // the logs are cut where the older state has them end
			if err := os.CopyFS(filepath.Join(dir, sub), os.DirFS(filepath.Join(first, sub))); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, "state", filepath.Base(newest), f.Name())
		if spoil(t, path); i == 0 {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		got := run(t, p, dir, 0, "--resume", "state", "--save-every", "4")
		if strings.Count(got.Errors, "D0205") != 1 {
			t.Errorf("%s spoiled: %s", f.Name(), got.Errors)
		}
		same(t, f.Name()+" spoiled", got, want)
	}
	for _, s := range states(t, first) {
		spoil(t, filepath.Join(s, "manifest.json"))
	}
	if got := run(t, p, first, 1, "--resume", "state"); !strings.Contains(got.Errors, "D0203") {
		t.Errorf("both spoiled: %s", got.Errors)
	}
}

// TestNotThis: what a state is not for is refused with a message, and the
// state stays as it is.
func TestNotThis(t *testing.T) {
	p := Shop(200, 30, 2)
	dir := lay(t, p)
	was := run(t, p, dir, 0, "--save", "state")
	change := func(old, new string) Program {
		q := p
		if q.Text = strings.Replace(p.Text, old, new, 1); q.Text == p.Text {
			t.Fatalf("no %q in the program", old)
		}
		return q
	}
	cases := []struct {
		what   string
		p      Program
		status int
		says   string
		args   []string
	}{
		{"another size", change("nn.dense(16)", "nn.dense(17)"), 1, "D0207", []string{"--resume", "state"}},
		{"another rate", change("1e-2", "2e-2"), 1, "D0207", []string{"--resume", "state"}},
		{"another loss", change("squared(sale(o)", "huber(sale(o)"), 1, "D0207", []string{"--resume", "state"}},
		{"another batch", change("batch     30", "batch     31"), 1, "D0207", []string{"--resume", "state"}},
		{"another seed", p, 1, "D0207", []string{"--resume", "state", "--seed", "9"}},
		{"no state", p, 1, "D0201", []string{"--resume", "nowhere"}},
		{"a folder in use", p, 2, "D0202", []string{"--save", "."}},
		{"the state of another program", change("1e-2", "2e-2"), 2, "D0202", []string{"--save", "state"}},
	}
	for _, c := range cases {
		if err := c.p.Lay(dir); err != nil {
			t.Fatal(err)
		}
		got := run(t, c.p, dir, c.status, c.args...)
		if strings.Count(got.Errors, "error") != 1 || !strings.Contains(got.Errors, c.says) || !strings.Contains(got.Errors, "try:") {
			t.Errorf("%s: %s", c.what, got.Errors)
		}
		same(t, c.what, Left{Files: got.Files}, Left{Files: was.Files})
	}
	other := p
	other.Files = Shop(201, 30, 2).Files
	if err := other.Lay(dir); err != nil {
		t.Fatal(err)
	}
	if got := run(t, other, dir, 1, "--resume", "state"); !strings.Contains(got.Errors, "D0208") || !strings.Contains(got.Errors, "Orders") {
		t.Errorf("other data: %s", got.Errors)
	}
}

// TestLonger: the schedule may change. Passes added to a finished run are
// those that a longer run would have made.
func TestLonger(t *testing.T) {
	long, short := Shop(200, 30, 4), Shop(200, 30, 2)
	want := run(t, long, lay(t, long), 0, "--save", "state", "--save-every", "4")
	dir := lay(t, short)
	run(t, short, dir, 0, "--save", "state", "--save-every", "4")
	if err := long.Lay(dir); err != nil {
		t.Fatal(err)
	}
	same(t, "longer", run(t, long, dir, 0, "--resume", "state", "--save-every", "4"), want)
}

// TestOtherResults: what is written and printed may change between a run and
// its continuation, and so may values that no training depends on: they are
// computed as the program says now.
func TestOtherResults(t *testing.T) {
	p := Shop(200, 30, 2)
	with := func(value string) Program {
		q := p
		q.Text = "print \"before\"\n" + p.Text + "let dear = mean(" + value + ` for o in Valid)
print "dear", dear
write json("dear.json") = [{ far: o.amount - dear } for o in Valid]
`
		return q
	}
	q := with("o.amount")
	dir := lay(t, q)
	run(t, q, dir, 0, "--save", "state")
	for _, value := range []string{"2 * o.amount", "o.amount / 3"} {
		q := with(value)
		want := run(t, q, lay(t, q), 0)
		if err := q.Lay(dir); err != nil {
			t.Fatal(err)
		}
		got := run(t, q, dir, 0, "--resume", "state")
		for file := range got.Files {
			if strings.HasPrefix(file, "state/") {
				delete(got.Files, file)
			}
		}
		same(t, value, got, want)
	}
}

// TestLogAnew takes a log away from a run that was stopped: the run that goes
// on says so, and the log begins where it goes on.
func TestLogAnew(t *testing.T) {
	b := newBench(t, Swing(20), 3)
	dir := t.TempDir()
	want, err := b.run(context.Background(), t.TempDir(), false, dfc.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := b.run(ctx, dir, false, dfc.RunOptions{Observer: &stopper{after: 11, cancel: cancel}}); dfc.Exit(err) != 130 {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "out", "log.csv")); err != nil {
		t.Fatal(err)
	}
	cancel()
	res, err := b.bound.Run(context.Background(), dfc.RunOptions{FS: quick{train.Disk}, EverySteps: 3, Out: filepath.Join(dir, "out"), Resume: filepath.Join(dir, "state")})
	if err != nil {
		t.Fatal(err)
	}
	if n := res.Notices; len(n) != 1 || n[0].Code != "D0213" || !strings.HasPrefix(n[0].Message, "the log `log.csv` has 0 bytes, not the ") {
		t.Errorf("notices: %v", n)
	}
	left, err := Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.SplitAfter(want.Files["out/log.csv"], "\n")
	if got := left["out/log.csv"]; got != whole[0]+strings.Join(whole[12:], "") {
		t.Errorf("the log has\n%s\nof\n%s", got, strings.Join(whole, ""))
	}
}
