package dfc

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc/runtime/data"
)

const statistics = `
table T from csv("t.csv") { x: f32, y: f32? }
let a = mean(r.x for r in T)
let b = std(r.x for r in T if present(r.y))
print(a)
let c = median(r.y ?? 0 for r in T)
let d = sum(r.x - a for r in T)
let e = quantile(r.x for r in T, p: 0.25)
print(b, c, d, e)
`

// passesOf counts how often a program went through the rows of its tables.
func passesOf(t *testing.T, text string) (printed string, passes int64, err error) {
	t.Helper()
	dir := t.TempDir()
	rows := "x,y\n"
	for range 3 * data.ChunkRows / 4 {
		rows += "1,2\n2,\n3,4\n6,1\n"
	}
	save(t, filepath.Join(dir, "t.csv"), rows)
	save(t, filepath.Join(dir, "a.df"), text)
	p, err := Compile(filepath.Join(dir, "a.df"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Bind(DataOptions{Profile: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var out bytes.Buffer
	_, err = b.Run(context.Background(), RunOptions{Stdout: &out, Out: dir})
	for _, part := range b.Profile().Parts {
		if part.Name == partData {
			passes = part.Calls / (3*data.ChunkRows/rowsAtOnce + 1)
		}
	}
	return out.String(), passes, err
}

// Statistics that need nothing of each other share a pass; one that needs the
// result of another has the next.
func TestStatisticsShareAPass(t *testing.T) {
	out, n, err := passesOf(t, statistics)
	if err != nil || out != "3\n(2.0548046, 1.5, 0, 1.75)\n" {
		t.Errorf("%q %v", out, err)
	}
	if n != 2 {
		t.Errorf("%d passes for statistics of two levels", n)
	}
}

// What fails in a pass that it shares fails when its turn comes, not before.
func TestSharedPassFails(t *testing.T) {
	out, _, err := passesOf(t, strings.Replace(statistics, "let e = quantile(r.x for r in T, p: 0.25)", "let e = max(r.x for r in T if r.x > 6)", 1))
	if err == nil || !strings.Contains(err.Error(), "max over no rows") {
		t.Errorf("no fault, or another one: %v", err)
	}
	if out != "3\n" {
		t.Errorf("%q was printed before it", out)
	}
}
