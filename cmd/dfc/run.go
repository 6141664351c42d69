package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dfc-lang/dfc"
	"github.com/dfc-lang/dfc/lang/source"
)

type runFlags struct {
	compileFlags
	workers   int
	memory    string
	cache     string
	out       string
	quiet     bool
	json      bool
	save      string
	saveEvery string
	resume    string
	table     []string
	profile   string
}

func newRun(t *terminal) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Compile a program, train its models and write its results",
		Long: `Compiles the program, opens its data, trains its models and writes its results.

A report of the data and the progress of training go to standard error, what
the program prints and a final table to standard output. With --save DIR the
whole state is kept in DIR, also on Ctrl-C; a run that goes on from there with
--resume DIR yields the same bits as one that was never stopped.`,
		Example: `  dfc run examples/housing.df
  dfc run housing.df --set rate=3e-4 --seed 2 --out results
  dfc run housing.df --save state        # Ctrl-C, then:
  dfc run housing.df --resume state
  dfc run housing.df --profile=housing.pb.gz && go tool pprof -top housing.pb.gz`,
		Args: f.args,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, t, args[0]) },
	}
	f.add(cmd)
	f.addMachine(cmd)
	fl := cmd.Flags()
	fl.IntVar(&f.workers, "workers", 0, "`N` cores to use; 0 is as many as there are (results do not depend on it)")
	fl.StringVar(&f.memory, "memory", "", "memory (`SIZE`) that rows, batches, parameters and the plan may take, such as 500MB; more is refused or spilled")
	fl.StringVar(&f.cache, "cache", "", "keep decoded tables in the folder `DIR`, for runs that read the same files again")
	fl.StringVar(&f.out, "out", "", "the folder `DIR` that results are written to; the default is the working directory")
	fl.BoolVarP(&f.quiet, "quiet", "q", false, "no report and no progress")
	fl.BoolVar(&f.json, "json", false, "report, progress and results as lines of JSON on standard output")
	fl.StringVar(&f.save, "save", "", "keep the state in the folder `DIR`, which must be empty or new")
	fl.StringVar(&f.saveEvery, "save-every", "", "save after so many steps (`N`, or a time such as 30s) instead of each epoch")
	fl.StringVar(&f.resume, "resume", "", "go on from the state in the folder `DIR`, and keep saving there")
	fl.StringArrayVar(&f.table, "table", nil, "read a table from another file: `Name=file` (may be repeated)")
	fl.StringVar(&f.profile, "profile", "", "show where the time went; with `=FILE.pb.gz` also write it for go tool pprof")
	fl.Lookup("profile").NoOptDefVal = profileTable
	return cmd
}

// args demands a program; a file behind --profile needs its sign.
func (f *runFlags) args(cmd *cobra.Command, args []string) error {
	if len(args) == 2 && f.profile == profileTable {
		return usagef("`--profile %s`: the file is given as `--profile=%s`", args[1], args[1])
	}
	return exactly(1, "one FILE, a program")(cmd, args)
}

func (f *runFlags) run(cmd *cobra.Command, t *terminal, path string) error {
	view := newView(t, f.quiet, f.json)
	t.resume = f.resumeCommand(cmd, path)
	err := f.compileAndRun(cmd, t, view, path)
	view.clear()
	if err != nil {
		view.failed(err, t.resume)
	}
	return err
}

func (f *runFlags) compileAndRun(cmd *cobra.Command, t *terminal, view view, path string) error {
	ro, do, err := f.options()
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := f.compile(cmd, t, path)
	if err != nil {
		return err
	}
	ctx, stop := onSignal()
	defer stop()
	b, err := p.BindContext(ctx, do)
	if err != nil {
		return err
	}
	defer b.Close()
	view.data(b.Report())
	t.report(b.Notices())
	ro.Observer, ro.Stdout = view, view.prints()
	res, err := b.Run(ctx, ro)
	if err != nil {
		view.clear()
		if _, stopped := err.(*dfc.Interrupted); stopped {
			if e := f.showProfile(view, b.Profile()); e != nil {
				return e
			}
		}
		return err
	}
	view.clear()
	for i, path := range res.Files {
		res.Files[i] = filepath.Join(f.out, path)
	}
	t.report(res.Notices)
	if !f.json {
		view.result(res, time.Since(began))
	}
	if err := f.showProfile(view, b.Profile()); err != nil {
		return err
	}
	if f.json { // whose last line is that all is done
		view.result(res, time.Since(began))
	}
	return nil
}

func (f *runFlags) options() (dfc.RunOptions, dfc.DataOptions, error) {
	ro := dfc.RunOptions{Out: f.out, Save: f.save, Resume: f.resume}
	do := dfc.DataOptions{Cache: f.cache, Workers: f.workers, Profile: f.profile != ""}
	if f.save != "" && f.resume != "" {
		return ro, do, usagef("`--save` and `--resume` do not go together: a resumed run goes on saving where it resumed from")
	}
	if f.workers < 0 {
		return ro, do, usagef("`--workers %d`: a number of cores is 1 or more, or 0 for all", f.workers)
	}
	if err := unused(f.save); err != nil {
		return ro, do, err
	}
	var err error
	if do.Files, err = tables(f.table); err != nil {
		return ro, do, err
	}
	if do.Memory, err = parseBytes(f.memory); err != nil {
		return ro, do, err
	}
	ro.EverySteps, ro.Every, err = parseEvery(f.saveEvery)
	return ro, do, err
}

// unused demands that a folder to save to is new or empty, so that no state
// is written over by mistake.
func unused(dir string) error {
	if dir == "" {
		return nil
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) == 0 {
		return nil // one that cannot be made or written is found when saving begins
	}
	d := &source.Diagnostic{Code: "D0202", Class: source.Usage, Message: "`--save " + dir + "`: the folder is not empty"}
	return d.WithHint("`--resume %s` goes on from the state in it; to start again give another folder", shellWord(dir))
}

// resumeCommand is what the user types to go on after an interruption: the
// same flags, those of the state apart.
func (f *runFlags) resumeCommand(cmd *cobra.Command, path string) string {
	dir := f.save
	if f.resume != "" {
		dir = f.resume
	}
	if dir == "" {
		return ""
	}
	words := []string{"dfc run", shellWord(path), "--resume", shellWord(dir)}
	cmd.Flags().Visit(func(g *pflag.Flag) {
		switch v := g.Value.(type) {
		case pflag.SliceValue:
			for _, s := range v.GetSlice() {
				words = append(words, "--"+g.Name, shellWord(s))
			}
		default:
			switch {
			case g.Name == "save" || g.Name == "resume" || g.Name == "profile":
			case g.Value.Type() == "bool":
				words = append(words, "--"+g.Name)
			default:
				words = append(words, "--"+g.Name, shellWord(g.Value.String()))
			}
		}
	})
	return strings.Join(words, " ")
}

func shellWord(s string) string {
	if strings.ContainsAny(s, " \t\n'\"\\$&|;<>()*?[]{}~`!#") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// onSignal is a context that ends on Ctrl-C or SIGTERM; a second signal ends
// the process at once.
func onSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		s, ok := <-ch
		if !ok {
			return
		}
		cancel(fmt.Errorf("%v", s))
		if _, ok := <-ch; ok {
			os.Exit(130)
		}
	}()
	return ctx, func() { signal.Stop(ch); close(ch); cancel(nil) }
}

// parseBytes reads 500MB, 2GiB, 1000000; "" is 0.
func parseBytes(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	var x float64
	unit := ""
	if n, _ := fmt.Sscanf(s, "%g%s", &x, &unit); n == 0 || x <= 0 {
		return 0, usagef("`%s` is no amount of memory; write 500MB or 2GB", s)
	}
	scale := map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "K": 1e3, "M": 1e6, "G": 1e9,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}[strings.ToUpper(unit)]
	if scale == 0 {
		return 0, usagef("`%s`: the unit is one of B, KB, MB, GB, KiB, MiB, GiB", s)
	}
	return int64(x * scale), nil
}

// parseEvery reads steps (500) or a duration (30s, 5m).
func parseEvery(s string) (int64, time.Duration, error) {
	if s == "" {
		return 0, 0, nil
	}
	var n int64
	var rest string
	if k, _ := fmt.Sscanf(s+" .", "%d %s", &n, &rest); k == 2 && rest == "." && n > 0 {
		return n, 0, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return 0, d, nil
	}
	return 0, 0, usagef("`--save-every %s`: write a number of steps (500) or a time (30s, 5m)", s)
}
