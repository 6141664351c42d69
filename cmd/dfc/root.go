package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

// execute runs a command line and returns the exit status: 0 good, 1 the
// program or the data is wrong, 2 wrong use, 3 a fault of dfc, 130 interrupted.
func execute(args []string, t terminal) int {
	root := newRoot(&t)
	root.SetArgs(args)
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	err := root.Execute()
	if err == nil {
		return 0
	}
	var done exitStatus
	if errors.As(err, &done) {
		return int(done)
	}
	var stopped *dfc.Interrupted
	if errors.As(err, &stopped) {
		t.interrupted(stopped)
		return dfc.Exit(err)
	}
	t.report(asDiagnostics(err))
	return dfc.Exit(asDiagnostics(err))
}

// exitStatus ends a command whose messages are out already.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit %d", int(s)) }

// usageError marks what cobra says about a command line.
type usageError struct{ err error }

func (u usageError) Error() string { return u.err.Error() }

func usagef(format string, args ...any) error { return usageDiagnostic(format, args...) }

func usageDiagnostic(format string, args ...any) *source.Diagnostic {
	return &source.Diagnostic{Code: "U0001", Class: source.Usage, Message: fmt.Sprintf(format, args...)}
}

// asDiagnostics gives every error the one shape; what cobra says is about usage.
func asDiagnostics(err error) source.List {
	switch e := err.(type) {
	case source.List:
		return e
	case *source.Diagnostic:
		return source.List{e}
	case usageError:
		return source.List{usage(e.err)}
	}
	if s := err.Error(); strings.HasPrefix(s, "unknown command") || strings.HasPrefix(s, "required flag") {
		return source.List{usage(err)}
	}
	return source.AsList(err)
}

// usage words what cobra says of a command line as dfc speaks.
func usage(err error) *source.Diagnostic {
	msg, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	d := &source.Diagnostic{Code: "U0001", Class: source.Usage, Message: msg}
	d.Hint = "`dfc --help` lists the verbs, `dfc VERB --help` the flags of one with an example"
	if m := unknownVerb.FindStringSubmatch(msg); m != nil {
		d.Message = "`dfc` has no verb `" + m[1] + "`"
		if near := source.Nearest(m[1], verbs()); near != "" {
			d.Hint = "did you mean `dfc " + near + "`?"
		}
		if strings.HasSuffix(m[1], ".df") || strings.HasSuffix(m[1], ".ir") {
			d.Hint = "did you mean `dfc run " + shellWord(m[1]) + "`?"
		}
	}
	if m := badValue.FindStringSubmatch(msg); m != nil {
		d.Message = "`" + m[2] + " " + m[1] + "`: a whole number belongs there"
	}
	return d
}

var (
	unknownVerb = regexp.MustCompile(`^unknown command "(.*)" for "dfc"`)
	badValue    = regexp.MustCompile(`^invalid argument "(.*)" for "(?:-\w, )?(--[\w-]+)" flag: strconv\.`)
)

func verbs() []string {
	var out []string
	for _, c := range newRoot(&terminal{}).Commands() {
		out = append(out, c.Name())
	}
	return out
}

// flagError names the flag that was perhaps meant.
func flagError(cmd *cobra.Command, err error) error {
	d := usage(err)
	if name, ok := strings.CutPrefix(d.Message, "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		d.Message = "`dfc " + cmd.Name() + "` has no flag `--" + name + "`"
		d.Hint = "`dfc " + cmd.Name() + " --help` lists the flags"
		if near := source.Nearest(name, names); near != "" {
			d.Hint = "did you mean `--" + near + "`?"
		}
	}
	return d
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "dfc",
		Short: "Compile and run programs that learn from tables",
		Long: `dfc compiles and runs programs of a small differentiable dataflow language:
one file says where the data comes from, how tables relate, what is learned
from them and what is written.`,
		Example:           "  dfc run examples/housing.df\n  dfc check model.df\n  dfc schema data.csv",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newRun(t), newPredict(t), newCompile(t), newCheck(t), newFmt(t), newTest(t),
		newSchema(t), newExplain(t), newInspect(t), newVersion(t), newMan(t))
	return root
}

// exactly demands n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		d := usageDiagnostic("`dfc %s` takes %s; %d given", cmd.Name(), what, len(args))
		return d.WithHint("%s", strings.TrimSpace(strings.Split(cmd.Example, "\n")[0]))
	}
}

// compileFlags are the flags of every verb that compiles a program.
type compileFlags struct {
	set      []string
	seed     int64
	pedantic bool
	noJIT    bool
}

func (c *compileFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&c.set, "set", nil, "give a setting of the program a value: `name=value` (may be repeated)")
	cmd.Flags().Int64Var(&c.seed, "seed", 0, "replace the seed of every training by `N`")
	cmd.Flags().BoolVar(&c.pedantic, "pedantic", false, "also warn where some path of a gradient is cut")
}

// addMachine adds the flag of the verbs that run what they compile.
func (c *compileFlags) addMachine(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&c.noJIT, "no-jit", false, "make no machine code while running (results do not depend on it)")
}

func (c *compileFlags) options(cmd *cobra.Command) (dfc.Options, error) {
	o := dfc.Options{Pedantic: c.pedantic, NoJIT: c.noJIT, Settings: map[string]string{}}
	if cmd.Flags().Changed("seed") {
		o.Seed = &c.seed
	}
	for _, s := range c.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return o, usagef("`--set %s`: a setting is given as name=value", s)
		}
		o.Settings[strings.TrimSpace(name)] = value
	}
	return o, nil
}

// compile compiles a file and shows the warnings.
func (c *compileFlags) compile(cmd *cobra.Command, t *terminal, path string) (*dfc.Program, error) {
	o, err := c.options(cmd)
	if err != nil {
		return nil, err
	}
	if err := readable(path); err != nil {
		return nil, err
	}
	p, err := dfc.Compile(path, o)
	if err != nil {
		return nil, err
	}
	t.report(p.Warnings())
	return p, nil
}

// readable says plainly when a file of the command line is not there.
func readable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil && os.IsNotExist(err):
		return unreadable(path, "there is no file %s", path)
	case err != nil:
		return unreadable(path, "%s cannot be read", path)
	case info.IsDir():
		return unreadable(path, "%s is a folder, not a program", path)
	}
	return nil
}

func unreadable(path, format string, args ...any) error {
	return &source.Diagnostic{Code: "U0002", Class: source.Usage, Message: fmt.Sprintf(format, args...)}
}

// tables parses `--table Name=file` flags.
func tables(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		name, file, ok := strings.Cut(s, "=")
		if !ok || name == "" || file == "" {
			return nil, usagef("`--table %s`: a table is given as Name=file", s)
		}
		out[name] = file
	}
	return out, nil
}
