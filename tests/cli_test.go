package tests

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// command is the built dfc, one for all tests.
var command = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dfc-cli-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dfc")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", path, "../cmd/dfc").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// TestMain removes the command that the tests have built.
func TestMain(m *testing.M) {
	status := m.Run()
	if built {
		if path, err := command(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(status)
}

var built bool

// cli is a folder with programs in which commands run.
type cli struct {
	t        *testing.T
	dir, bin string
}

// newCLI makes a folder with the data of the examples and copies of programs.
func newCLI(t *testing.T, programs ...string) *cli {
	t.Helper()
	bin, err := command()
	if err != nil {
		t.Fatal(err)
	}
	built = true
	c := &cli{t: t, dir: t.TempDir(), bin: bin}
	data, err := filepath.Abs("../examples/data")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(data, filepath.Join(c.dir, "data")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	for _, p := range programs {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		c.write(filepath.Base(p), string(text))
	}
	return c
}

func (c *cli) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cli) read(name string) string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func (c *cli) cmd(args ...string) *exec.Cmd {
	cmd := exec.Command(c.bin, args...)
	cmd.Dir = c.dir
	return cmd
}

// run runs a command to its end.
func (c *cli) run(stdin string, args ...string) (out, msg string, status int) {
	c.t.Helper()
	cmd := c.cmd(args...)
	var o, e bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// good runs a command that must succeed.
func (c *cli) good(args ...string) string {
	c.t.Helper()
	out, msg, status := c.run("", args...)
	if status != 0 {
		c.t.Fatalf("dfc %s: status %d\n%s", strings.Join(args, " "), status, msg)
	}
	return out
}

// bad runs a command that must fail with a status and a message.
func (c *cli) bad(status int, want string, args ...string) {
	c.t.Helper()
	_, msg, got := c.run("", args...)
	if got != status || !strings.Contains(msg, want) {
		c.t.Errorf("dfc %s: status %d, not %d with %q\n%s", strings.Join(args, " "), got, status, want, msg)
	}
	for _, foreign := range []string{"goroutine ", "panic:", ".go:", "no such file or directory"} {
		if strings.Contains(msg, foreign) {
			c.t.Errorf("dfc %s: %q in the message\n%s", strings.Join(args, " "), foreign, msg)
		}
	}
}

const flowers = "testdata/flowers.df"

// TestExitStatus: 0 good, 1 the program or the data, 2 the command line, 3 a
// fault of dfc. 130, an interrupted run, is TestInterrupt's.
func TestExitStatus(t *testing.T) {
	c := newCLI(t, flowers)
	c.write("wrong.df", "let a = 1 +\n")
	c.write("nodata.df", "table T from csv(\"none.csv\") { x: f32 }\nprint count(T)\n")
	c.write("short.csv", "sepal_length\n5\n")
	c.good("run", "flowers.df", "--quiet")
	c.bad(1, "wrong.df:1:", "run", "wrong.df")
	c.bad(1, "wrong.df:1:", "check", "wrong.df")
	c.bad(1, "D0101", "run", "nodata.df")
	c.good("check", "nodata.df")
	c.bad(1, "D0101", "check", "--data", "nodata.df")
	c.bad(1, "D0104", "run", "flowers.df", "--table", "Flowers=short.csv")
	c.bad(2, "there is no file", "run", "none.df")
	c.bad(2, "U0012", "run", "flowers.df", "--table", "Houses=short.csv")
	c.bad(2, "did you mean `--seed`", "run", "flowers.df", "--seeds", "1")
	c.bad(2, "did you mean", "compile", "flowers.df", "--after", "simplfy")
	c.bad(2, "the forms are ast", "compile", "flowers.df", "--emit", "everything")
	c.bad(1, "no state directory", "run", "flowers.df", "--resume", "none")
	if s := dfc.Exit(source.Bugf(source.Span{}, "a fault")); s != 3 {
		t.Errorf("a fault of dfc has status %d", s)
	}
}

// TestRunOutput: what the program prints and the table are standard output,
// all else standard error; --quiet leaves the prints, --json lines of JSON.
func TestRunOutput(t *testing.T) {
	c := newCLI(t, flowers)
	out, msg, _ := c.run("", "run", "flowers.df", "--out", "results", "--workers", "1")
	for _, want := range []string{"rows 49\n", "training  steps", "fit       21", "wrote " + filepath.Join("results", "all.csv")} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	for _, want := range []string{"Flowers  150 rows", "epoch 3/3"} {
		if !strings.Contains(msg, want) {
			t.Errorf("no %q in\n%s", want, msg)
		}
	}
	if strings.Contains(out+msg, "\x1b") || strings.Contains(out+msg, "\r") {
		t.Errorf("marks for a screen in a pipe: %q", out+msg)
	}
	if out, msg, _ := c.run("", "run", "flowers.df", "-q", "--out", "quiet"); out != "rows 49\n" || msg != "" {
		t.Errorf("--quiet: %q, %q", out, msg)
	}
	if c.read("quiet/all.csv") != c.read("results/all.csv") {
		t.Error("other results")
	}
	for _, want := range []string{"iris.csv, now cached", "iris.csv, as cached"} {
		_, msg, _ := c.run("", "run", "flowers.df", "--out", "cached", "--cache", "kept")
		if !strings.Contains(msg, want) || c.read("cached/all.csv") != c.read("results/all.csv") {
			t.Errorf("--cache: other results, or no %q in\n%s", want, msg)
		}
	}
	c.good("run", "flowers.df", "-q", "--out", "interpreted", "--no-jit")
	if c.read("interpreted/all.csv") != c.read("results/all.csv") {
		t.Error("other results without machine code")
	}
	c.good("run", "flowers.df", "-q", "--out", "seeded", "--seed", "5")
	if c.read("seeded/all.csv") == c.read("results/all.csv") {
		t.Error("the seed changes nothing")
	}
	if out := c.good("run", "flowers.df", "--set", "epochs=2"); !strings.Contains(out, "fit       14") {
		t.Errorf("--set:\n%s", out)
	}
}

func TestRunJSON(t *testing.T) {
	c := newCLI(t, flowers)
	seen := map[string]int{}
	var last map[string]any
	for _, line := range strings.Split(strings.TrimSpace(c.good("run", "flowers.df", "--json")), "\n") {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil || last["v"] != 1.0 {
			t.Fatalf("%q: %v", line, err)
		}
		seen[last["event"].(string)]++
	}
	if seen["data"] != 1 || seen["begin"] != 1 || seen["step"] != 21 || seen["epoch"] != 3 || seen["print"] != 1 || seen["end"] != 1 {
		t.Errorf("%v", seen)
	}
	table, ok := last["trainings"].([]any)
	if last["event"] != "done" || !ok || len(table) != 1 {
		t.Fatalf("the last line is %v", last)
	}
	row := table[0].(map[string]any)
	metrics, _ := row["metrics"].(map[string]any)
	if row["steps"] != 21.0 || row["why"] != "epochs" || metrics["accuracy"] == nil {
		t.Errorf("%v", row)
	}
	out, _, status := c.run("", "run", "flowers.df", "--json", "--set", "no=1")
	if status != 1 || !strings.Contains(out, `"event":"diagnostic"`) || !strings.Contains(out, "E0820") {
		t.Errorf("status %d, %s", status, out)
	}
}

// TestProfile: the table and the JSON line have parts, lines and kernels, the
// file is one that pprof reads, and the results are those without a profile.
func TestProfile(t *testing.T) {
	c := newCLI(t, flowers)
	c.good("run", "flowers.df", "-q", "--out", "plain")
	_, msg, status := c.run("", "run", "flowers.df", "-q", "--out", "profiled", "--save", "state", "--profile=p.pb.gz")
	if status != 0 {
		t.Fatal(msg)
	}
	for _, want := range []string{"profile of ", "kernels ", "waiting for data ", "metrics ", "saving ", "training loop ",
		"forward", "flowers.df:", "optim.df:", "(backward)", "in @fit.step", "flop/s", "B/s"} {
		if !strings.Contains(msg, want) {
			t.Errorf("no %q in\n%s", want, msg)
		}
	}
	if strings.Contains(msg, "\x1b") {
		t.Errorf("colours in a pipe: %q", msg)
	}
	if c.read("plain/all.csv") != c.read("profiled/all.csv") {
		t.Error("a profile changes the results")
	}
	top := exec.Command("go", "tool", "pprof", "-top", "-nodefraction=0", filepath.Join(c.dir, "p.pb.gz"))
	out, err := top.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"Type: time", "(training loop)", "@fit.step", "flowers.df:"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	text := c.good("run", "flowers.df", "--json", "--profile")
	if !strings.Contains(text, `"event":"profile"`) || !strings.Contains(text, `"forward_ns"`) {
		t.Errorf("no profile in\n%s", text)
	}
	c.bad(2, "`--profile=p.pb.gz`", "run", "flowers.df", "--profile", "p.pb.gz")
}

// TestMemory: too little memory is refused before anything runs, with what
// takes it and what to try; enough changes nothing.
func TestMemory(t *testing.T) {
	c := newCLI(t, flowers)
	c.good("run", "flowers.df", "-q", "--out", "free", "--save", "state")
	c.good("run", "flowers.df", "-q", "--out", "bound", "--memory", "50MB")
	if c.read("free/all.csv") != c.read("bound/all.csv") {
		t.Error("a bound of memory changes the results")
	}
	for _, want := range []string{"D0305", "are allowed", "given with --memory", "parameters of `fit`", "try: "} {
		c.bad(1, want, "run", "flowers.df", "--memory", "10KB")
	}
	c.bad(2, "is no amount of memory", "run", "flowers.df", "--memory", "much")
	c.good("predict", "flowers.df", "--state", "state", "--table", "Flowers=data/iris.csv", "-o", "p.csv", "--memory", "50MB")
	c.bad(1, "D0305", "predict", "flowers.df", "--state", "state", "--table", "Flowers=data/iris.csv", "-o", "q.csv", "--memory", "2KB")
}

// TestPredict: the saved model gives for the same rows the same bytes as the
// run that trained it, from a file and record by record.
func TestPredict(t *testing.T) {
	c := newCLI(t, flowers)
	c.good("run", "flowers.df", "-q", "--save", "state")
	c.good("predict", "flowers.df", "--state", "state", "--table", "Flowers=data/iris.csv", "-o", "again.csv")
	want := c.read("all.csv")
	if c.read("again.csv") != want {
		t.Error("predict and run differ")
	}
	if out := c.good("predict", "flowers.df", "--state", "state", "--table", "Flowers=data/iris.csv"); out != want {
		t.Error("predictions on standard output differ")
	}
	row := strings.Split(strings.Split(want, "\n")[1], ",")
	record := `{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}`
	out, msg, status := c.run(record, "predict", "flowers.df", "--state", "state")
	if status != 0 || strings.TrimSpace(out) != `{"predicted":"`+row[0]+`","score":`+row[1]+`}` {
		t.Errorf("status %d, %s%s, not %v", status, out, msg, row)
	}
	c.bad(2, "--state", "predict", "flowers.df")
	c.bad(2, "one JSON object", "predict", "flowers.df", "--state", "state")
	c.write("bad.csv", "sepal_length,sepal_width,petal_length,petal_width\n1,2,3,wide\n")
	c.bad(1, "bad.csv:2, row 1, column petal_width", "predict", "flowers.df", "--state", "state", "--table", "Flowers=bad.csv", "-o", "x.csv")
	if out, _, status := c.run("", "predict", "flowers.df", "--state", "state", "--table", "Flowers=bad.csv"); status != 1 || out != "" {
		t.Errorf("status %d, printed %q of a file that is at fault", status, out)
	}
	if out := c.good("inspect", "state"); !strings.Contains(out, "species.weight") || !strings.Contains(out, "done") {
		t.Errorf("%s", out)
	}
}

// TestLook: every form of a program can be printed.
func TestLook(t *testing.T) {
	c := newCLI(t, flowers)
	for _, s := range dfc.Stages() {
		if out := c.good("compile", "flowers.df", "--emit", s.Name); !strings.Contains(out, "species") {
			t.Errorf("--emit %s:\n%s", s.Name, out)
		}
	}
	if out := c.good("compile", "flowers.df", "--emit", "adjoint"); !strings.Contains(out, "// Backwards through fit.loss") ||
		!regexp.MustCompile(`einsum.*// flowers\.df:16  \(measures\(f\) - centre\) @ weight`).MatchString(out) {
		t.Errorf("--emit adjoint:\n%s", out)
	}
	plan := c.good("compile", "flowers.df", "--emit", "plan")
	for _, want := range []string{"reference core", "plan @fit.step  with ", " arena (at least ", "at least ", "limit", "arithmetic", "flowers.df:16 ", "(backward)"} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in\n%s", want, plan)
		}
	}
	if plan != c.good("compile", "flowers.df", "--emit", "plan") {
		t.Error("two plans differ")
	}
	if out := c.good("compile", "flowers.df", "--emit", "plan", "--measure"); !strings.Contains(out, "this core, measured") {
		t.Errorf("%s", out)
	}
	c.bad(2, "`--measure` goes with `--emit plan`", "compile", "flowers.df", "--measure")
	for _, pass := range []string{"simplify", "simplify.2", "derive", "fuse"} {
		if out := c.good("compile", "flowers.df", "--after", pass); !strings.HasPrefix(out, "module ") {
			t.Errorf("--after %s:\n%s", pass, out)
		}
	}
	out := c.good("schema", "data/iris.csv")
	if !strings.HasPrefix(out, "table Iris from csv(\"data/iris.csv\") {\n") || !strings.Contains(out, "species: category") {
		t.Errorf("%s", out)
	}
	c.write("read.df", out+"print count(Iris)\n")
	if out := c.good("run", "read.df", "-q"); out != "150\n" {
		t.Errorf("%q", out)
	}
	c.write("lines.jsonl", `{"id": 3, "at-home": true, "v": [1, null]}`+"\n"+`{"id": 4, "at-home": false, "v": null, "late": 1.5}`+"\n")
	c.write("one.df", c.good("schema", "lines.jsonl")+"print sum(r.id for r in Lines), [r.late ?? 0 for r in Lines], [r.v ?? 7 for r in Lines]\n")
	if out := c.good("run", "one.df", "-q"); out != "7 [0, 1.5] [[1, 7], [7, 7]]\n" {
		t.Errorf("%q", out)
	}
	c.write("small-labels-idx1-ubyte", "\x00\x00\x08\x01\x00\x00\x00\x03\x05\x06\x07")
	c.write("labels.df", c.good("schema", "small-labels-idx1-ubyte")+"print sum(i64(r.labels) for r in SmallLabelsIdx1Ubyte)\n")
	if out := c.good("run", "labels.df", "-q"); out != "18\n" {
		t.Errorf("%q", out)
	}
	c.good("fmt", "--check", "flowers.df", "read.df")
	if out := c.good("explain"); !strings.Contains(out, "nn.dense") {
		t.Errorf("%s", out)
	}
	c.good("explain", "D0113", "einsum", "derive", "huber", "dense")
	if out := c.good("version"); !strings.HasPrefix(out, "dfc ") || !strings.Contains(out, "numerics") {
		t.Errorf("%s", out)
	}
}

func TestCheckJSON(t *testing.T) {
	c := newCLI(t)
	c.write("wrong.df", "fn f(x: f32?) -> f32 = 2 * x\n")
	out, msg, status := c.run("", "check", "--json", "wrong.df")
	var d map[string]any
	if err := json.Unmarshal([]byte(out), &d); err != nil || status != 1 || msg != "" {
		t.Fatalf("status %d, %q, %q: %v", status, out, msg, err)
	}
	for name, want := range map[string]any{"v": 1.0, "code": "E0330", "severity": "error", "file": "wrong.df", "line": 1.0, "column": 28.0, "endColumn": 29.0} {
		if d[name] != want {
			t.Errorf("%s is %v, not %v", name, d[name], want)
		}
	}
}

func TestTests(t *testing.T) {
	c := newCLI(t)
	c.write("mine.df", "fn twice(x: f64) -> f64 = 2 * x\ntest \"right\" { assert twice(2) == 4 }\n")
	if out := c.good("test", "mine.df"); !strings.HasPrefix(out, "1 passed, 0 failed") {
		t.Errorf("%s", out)
	}
	c.write("mine.df", "test \"wrong\" { assert 1 > 2 }\ntest \"right\" { assert 2 > 1 }\n")
	out, _, status := c.run("", "test", "mine.df")
	if status != 1 || !strings.Contains(out, "failed: wrong") || !strings.Contains(out, "1 passed, 1 failed") {
		t.Errorf("status %d, %s", status, out)
	}
}
