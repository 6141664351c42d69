package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/train"
)

// quick is the real disk but for waiting: what it syncs is not lost here.
type quick struct{ train.FS }

func (d quick) Create(path string) (train.File, error) {
	f, err := d.FS.Create(path)
	return quickFile{f}, err
}

func (d quick) Append(path string, size int64) (train.File, int64, error) {
	f, have, err := d.FS.Append(path, size)
	return quickFile{f}, have, err
}

func (quick) SyncDir(string) error { return nil }

type quickFile struct{ train.File }

func (quickFile) Sync() error { return nil }

// broken is a disk whose k-th operation fails: alone, or with all that follow.
type broken struct {
	train.FS
	ops, at int
	down    bool // all that follow fail too
}

var errDisk = errors.New("no space left on device")

func (d *broken) tick() error {
	if d.ops++; d.at > 0 && (d.ops == d.at || d.down && d.ops > d.at) {
		return errDisk
	}
	return nil
}

func (d *broken) Create(path string) (train.File, error) {
	if err := d.tick(); err != nil {
		return nil, err
	}
	f, err := d.FS.Create(path)
	return &brokenFile{f, d}, err
}

func (d *broken) Append(path string, size int64) (train.File, int64, error) {
	if err := d.tick(); err != nil {
		return nil, 0, err
	}
	f, have, err := d.FS.Append(path, size)
	return &brokenFile{f, d}, have, err
}

func (d *broken) Mkdir(path string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.Mkdir(path)
}

func (d *broken) Rename(from, to string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.Rename(from, to)
}

func (d *broken) Remove(path string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.Remove(path)
}

func (d *broken) SyncDir(path string) error {
	if err := d.tick(); err != nil {
		return err
	}
	return d.FS.SyncDir(path)
}

type brokenFile struct {
	train.File
	d *broken
}

// Write writes a part, as a disk does that fills up.
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

// bench is a program bound once, for many short runs in this process.
type bench struct {
	t     *testing.T
	bound *dfc.Bound
	save  int64
}

func newBench(t *testing.T, p Program, save int64) *bench {
	t.Helper()
	c, err := dfc.Compile(filepath.Join(lay(t, p), p.Name+".df"), dfc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Bind(dfc.DataOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return &bench{t, b, save}
}

// run runs the program in a folder, with a state of its own or going on.
func (b *bench) run(ctx context.Context, dir string, resume bool, o dfc.RunOptions) (Left, error) {
	b.t.Helper()
	var said bytes.Buffer
	o.Out, o.Stdout, o.EverySteps = filepath.Join(dir, "out"), &said, b.save
	if o.FS == nil {
		o.FS = quick{train.Disk}
	}
	if resume {
		o.Resume = filepath.Join(dir, "state")
	} else {
		o.Save = filepath.Join(dir, "state")
	}
	_, err := b.bound.Run(ctx, o)
	files, e := Files(dir)
	if e != nil {
		b.t.Fatal(e)
	}
	return Left{Status: dfc.Exit(err), Said: said.String(), Files: files}, err
}

// TestEveryFault fails the k-th write, sync, rename or removal, for every k of
// one program and every fifth of a larger one. The run ends with one message;
// the state on disk is one that an undisturbed run passes through; no result
// is there; going on, even with a fault on the way, leaves the same bytes.
func TestEveryFault(t *testing.T) {
	for _, c := range []struct {
		p    Program
		save int64
		by   int
	}{{Swing(7), 3, 1}, {Shop(120, 40, 2), 5, 5}} {
		t.Run(c.p.Name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.p, c.save)
			count := &broken{FS: quick{train.Disk}}
			want, err := b.run(context.Background(), t.TempDir(), false, dfc.RunOptions{FS: count})
			if err != nil {
				t.Fatal(err)
			}
			for k := 1; k <= count.ops && !t.Failed(); k += c.by {
				b.fault(k, want)
			}
			t.Logf("%d operations", count.ops)
		})
	}
}

// fault fails one operation, and every third time one of the run that goes on.
func (b *bench) fault(k int, want Left) {
	t, dir := b.t, b.t.TempDir()
	_, err := b.run(context.Background(), dir, false, dfc.RunOptions{FS: &broken{FS: quick{train.Disk}, at: k, down: k%2 == 0}})
	clear(t, k, err)
	whole(t, k, dir)
	if k%3 == 0 && !absent(dir) {
		again := &broken{FS: quick{train.Disk}, at: 1 + k%17}
		switch _, err := b.run(context.Background(), dir, true, dfc.RunOptions{FS: again}); {
		case err != nil:
			clear(t, k, err)
			whole(t, k, dir)
		case again.ops >= again.at:
			t.Errorf("operation %d, and %d of the run that goes on: not noticed", k, again.at)
		}
	}
	got, err := b.run(context.Background(), dir, !absent(dir), dfc.RunOptions{})
	if err != nil {
		t.Fatalf("operation %d: going on: %v", k, err)
	}
	same(t, fmt.Sprintf("going on after a fault of operation %d", k), got, want)
}

func absent(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "state"))
	return err != nil
}

// clear wants one diagnostic about the disk, with a place and a hint.
func clear(t *testing.T, k int, err error) {
	t.Helper()
	list := source.AsList(err)
	if err == nil || len(list) != 1 || dfc.Exit(err) != 1 {
		t.Fatalf("operation %d: %v", k, err)
	}
	d := list[0]
	if d.Code != "D0206" && d.Code != "D0210" && d.Code != "D0212" || d.Hint == "" || !strings.Contains(d.Message, "no space left") || d.Place.File == "" {
		t.Errorf("operation %d: %s %s (%s)", k, d.Code, d.Message, d.Hint)
	}
}

// whole wants a state that can be read, or none yet, and no results but logs,
// which grow as the program runs.
func whole(t *testing.T, k int, dir string) {
	t.Helper()
	_, notices, err := train.Load(train.Disk, filepath.Join(dir, "state"))
	var d *source.Diagnostic
	if err != nil && (!errors.As(err, &d) || d.Code != "D0201") || len(notices) > 0 {
		t.Fatalf("operation %d: the state left: %v %v", k, err, notices)
	}
	if left := results(t, dir); len(left) > 0 {
		t.Fatalf("operation %d: a failed run left %v", k, left)
	}
}

// results are the files below out/ but logs.
func results(t *testing.T, dir string) (left []string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(dir, "out"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, f := range all {
		if !strings.HasPrefix(f.Name(), "log.") {
			left = append(left, f.Name())
		}
	}
	return left
}

// TestDiskFull runs with a limit on the size of files, which is met while
// results, states and decoded rows are written: one message, nothing in part.
func TestDiskFull(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil || os.PathSeparator == '\\' {
		t.Skip("no shell that limits the size of files")
	}
	for _, c := range []struct {
		p    Program
		code string
		args []string
	}{{Shop(400, 40, 1), "D013", nil}, {Shop(400, 40, 1), "D0210", []string{"--save", "state"}}, {Wide(30000), "D0120", nil}} {
		dir := lay(t, c.p)
		cmd := Command(built, c.p, dir, c.args...)
		cmd.Args = append([]string{shell, "-c", `ulimit -f 1; exec "$0" "$@"`}, cmd.Args...)
		cmd.Path = shell
		said, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 1 || strings.Count(string(said), "error ") != 1 || !strings.Contains(string(said), c.code) {
			t.Errorf("%s %v: %v\n%s", c.p.Name, c.args, err, said)
		}
		if left := results(t, dir); len(left) > 0 {
			t.Errorf("%s %v: %v is left", c.p.Name, c.args, left)
		}
	}
}

// spoiler makes the place of a result unusable while the program trains.
type spoiler struct {
	dfc.Silent
	do func()
}

func (s *spoiler) End(dfc.Finish) { s.do() }

// TestResultsFail: when a result cannot be put in place, it is not there in
// part; the state is complete, and going on writes all.
func TestResultsFail(t *testing.T) {
	b := newBench(t, Shop(120, 40, 1), 0)
	want, err := b.run(context.Background(), t.TempDir(), false, dfc.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sales.csv", "facts.json", "first.safetensors"} {
		dir := t.TempDir()
		block := filepath.Join(dir, "out", name, "thesis")
		spoil := func() {
			if err := os.MkdirAll(block, 0o777); err != nil {
				t.Error(err)
			}
		}
		got, err := b.run(context.Background(), dir, false, dfc.RunOptions{Observer: &spoiler{do: spoil}})
		if err == nil || got.Status != 1 || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is a folder: %v", name, err)
		}
		for file, text := range got.Files {
			if text != want.Files[file] {
				t.Errorf("%s is a folder: %s is there and not whole", name, file)
			}
		}
		if err := os.RemoveAll(filepath.Dir(block)); err != nil {
			t.Fatal(err)
		}
		if got, err = b.run(context.Background(), dir, true, dfc.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		same(t, "going on", got, want)
	}
}
