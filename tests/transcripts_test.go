package tests

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/passes"
)

// Note: a transcript shows faults that no program shows by itself: of the
// command line, of states, of full disks. `-- NAME --` begins a file,
// `$ COMMAND` a command, what follows it is what it says on standard error, and
// `[1]` its status where that is not 0. `go test ./tests -run Transcripts
// -bless` writes the answers again. Beside dfc itself the commands are those of
// the table verbs; before `dfc` may stand NAME=VALUE of the environment,
// `limited` (no file grows above a few hundred bytes), `full` (nothing more
// fits on standard output) and `given TEXT` (on standard input).

// TestTranscripts runs the transcripts under errors/.
func TestTranscripts(t *testing.T) {
	for _, path := range programs(t, "errors/*.txt") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := &transcript{cli: newCLI(t)}
			got := s.play(string(text))
			switch {
			case got == string(text):
			case *bless:
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("it goes:\n%s\nwanted:\n%s", got, text)
			}
		})
	}
}

type transcript struct {
	*cli
	out  strings.Builder
	name string // of the file that is read
	file []string
}

// play runs the commands of a text and gives it back with what they say.
func (s *transcript) play(text string) string {
	said := false // what follows is the answer of a command
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		name, begins := strings.CutPrefix(line, "-- ")
		command, runs := strings.CutPrefix(line, "$ ")
		if begins || runs {
			s.close()
			said = runs
		}
		switch {
		case begins:
			s.name = strings.TrimSuffix(name, " --")
		case s.name != "":
			s.file = append(s.file, line)
		case said && !runs:
			continue
		}
		s.out.WriteString(line + "\n")
		if runs {
			s.out.WriteString(s.command(command))
		}
	}
	s.close()
	return s.out.String()
}

// close writes the file that has been read.
func (s *transcript) close() {
	if s.name != "" {
		s.write(s.name, strings.Join(s.file, "\n")+"\n")
	}
	s.name, s.file = "", nil
}

var word = regexp.MustCompile(`"(?:\\.|[^"\\])*"|\S+`)

// command runs a line and gives its answer.
func (s *transcript) command(line string) string {
	args := word.FindAllString(line, -1)
	for i, a := range args {
		if text, err := strconv.Unquote(a); err == nil {
			args[i] = text
		}
	}
	if do := verbs[args[0]]; do != nil {
		return do(s, args[1:])
	}
	c := &exec.Cmd{Dir: s.dir, Env: os.Environ()}
	var said bytes.Buffer
	c.Stderr = &said
	for ; args[0] != "dfc"; args = args[1:] {
		switch a := args[0]; {
		case strings.Contains(a, "="):
			c.Env = append(c.Env, a)
		case a == "limited":
			c.Path, c.Args = s.shell(), []string{"sh", "-c", `ulimit -f 1; exec "$0" "$@"`}
		case a == "given":
			args = args[1:]
			c.Stdin = strings.NewReader(args[0])
		case a == "full":
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				s.t.Skip("nothing here is always full")
			}
			defer full.Close()
			c.Stdout = full
		default:
			s.t.Fatalf("there is no command %s", a)
		}
	}
	if c.Path == "" {
		c.Path = s.bin
	}
	c.Args = append(append(c.Args, s.bin), args[1:]...)
	if err := c.Run(); err != nil && c.ProcessState == nil {
		s.t.Fatal(err)
	}
	answer := strings.ReplaceAll(said.String(), s.dir+string(filepath.Separator), "")
	if status := c.ProcessState.ExitCode(); status != 0 {
		answer += fmt.Sprintf("[%d]\n", status)
	}
	return answer
}

func (s *transcript) shell() string {
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		s.t.Skip("no shell that limits the size of files")
	}
	return sh
}

// verbs are the commands of transcripts beside dfc.
var verbs map[string]func(*transcript, []string) string

func init() {
	verbs = map[string]func(*transcript, []string) string{
		"remove":  (*transcript).remove,
		"fill":    (*transcript).fill,
		"count":   (*transcript).count,
		"bytes":   (*transcript).bytes,
		"replace": (*transcript).replace,
		"spoil":   (*transcript).spoil,
		"provoke": (*transcript).provoke,
	}
}

// remove removes the files of a pattern.
func (s *transcript) remove(args []string) string {
	for _, path := range programs(s.t, filepath.Join(s.dir, args[0])) {
		if err := os.RemoveAll(path); err != nil {
			s.t.Fatal(err)
		}
	}
	return ""
}

// fill writes a file of texts, each so many times: fill FILE TEXT N TEXT N ….
func (s *transcript) fill(args []string) string {
	var b strings.Builder
	for i := 1; i < len(args); i += 2 {
		n, err := strconv.Atoi(args[i+1])
		if err != nil {
			s.t.Fatal(err)
		}
		b.WriteString(strings.Repeat(args[i], n))
	}
	s.write(args[0], b.String())
	return ""
}

// count adds lines to a file, with numbers from 0: count FILE N FORMAT, where
// %[1]d is the number.
func (s *transcript) count(args []string) string {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		s.t.Fatal(err)
	}
	var b strings.Builder
	if text, err := os.ReadFile(filepath.Join(s.dir, args[0])); err == nil {
		b.Write(text)
	}
	for i := range n {
		fmt.Fprintf(&b, args[2]+"\n", i)
	}
	s.write(args[0], b.String())
	return ""
}

// bytes writes a file of hexadecimal digits.
func (s *transcript) bytes(args []string) string {
	b, err := hex.DecodeString(strings.Join(args[1:], ""))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(args[0], string(b))
	return ""
}

// replace changes a text in the files of a pattern, and where one belongs to a
// state the checksum that stands beside it: replace PATTERN OLD NEW.
func (s *transcript) replace(args []string) string {
	for _, path := range programs(s.t, filepath.Join(s.dir, args[0])) {
		was, err := os.ReadFile(path)
		if err != nil {
			s.t.Fatal(err)
		}
		is := bytes.Replace(was, []byte(args[1]), []byte(args[2]), 1)
		if bytes.Equal(is, was) {
			s.t.Fatalf("%s has no %q", path, args[1])
		}
		s.put(path, is)
		sums := filepath.Join(filepath.Dir(path), "SHA256SUMS")
		if list, err := os.ReadFile(sums); err == nil {
			a, b := sha256.Sum256(was), sha256.Sum256(is)
			s.put(sums, bytes.Replace(list, []byte(hex.EncodeToString(a[:])), []byte(hex.EncodeToString(b[:])), 1))
		}
	}
	return ""
}

// spoil changes the middle byte of the files of a pattern.
func (s *transcript) spoil(args []string) string {
	for _, path := range programs(s.t, filepath.Join(s.dir, args[0])) {
		b, err := os.ReadFile(path)
		if err != nil {
			s.t.Fatal(err)
		}
		b[len(b)/2] ^= 0x10
		s.put(path, b)
	}
	return ""
}

func (s *transcript) put(path string, text []byte) {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// provoke shows what only a fault of dfc itself, or a caller of its packages,
// brings about.
func (s *transcript) provoke(args []string) string {
	var err error
	switch args[0] {
	case "fault":
		err = source.Bugf(source.Span{}, "a fault")
	case "unbound":
		var p *dfc.Program
		if p, err = dfc.CompileText("m.df", []byte("print 1\n"), dfc.Options{}); err == nil {
			err = p.Emit(io.Discard, "plan")
		}
	case "unnamed":
		var p *dfc.Program
		if p, err = dfc.CompileText("m.df", []byte("print 1\n"), dfc.Options{}); err != nil {
			break
		}
		var b *dfc.Bound
		if b, err = p.Bind(dfc.DataOptions{}); err == nil {
			defer b.Close()
			_, err = b.Repeat(s.t.Context(), "nothing", 1)
		}
	case "unread":
		_, err = dfc.Compile(filepath.Join(s.dir, "absent.df"), dfc.Options{})
	case "donation":
		err = ir.CheckDonation(s.fault().Func("f"), []ir.Donation{{Param: 0, Result: 0}})
	case "derivative":
		_, err = passes.VJP(s.fault(), "f", []bool{true}, nil)
	}
	return render(source.AsList(err), s.dir) + "\n"
}

// fault is the module fault.ir.
func (s *transcript) fault() *ir.Module {
	m, err := ir.Parse("fault.ir", []byte(s.read("fault.ir")))
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}
