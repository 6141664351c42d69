package dfc

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
	"github.com/dfc-lang/dfc/passes"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/train"
)

// Stage is a form in which a program can be looked at.
type Stage struct {
	Name, Doc string
	Data      bool // needs data: only (*Bound).Emit has it
}

var stages = []Stage{
	{"ast", "the tree of the text", false},
	{"ir", "the IR as lowered, functions of one row; runs as it is", false},
	{"adjoint", "the gradient as a program: its functions, with source lines beside them", false},
	{"batched", "the IR as it goes to binding: every function over a batch", false},
	{"dot", "nodes and functions as a graph for graphviz", false},
	{"sized", "the IR after the passes that know the sizes", true},
	{"plan", "memory, flops, bytes and limits of each kernel at the sizes of the data", true},
}

// Stages are the names that Emit takes, with a sentence each; beside them
// "after PASS" for every pass.
func Stages() []Stage { return append([]Stage{}, stages...) }

// Emit writes the program as it is at a stage: ast, ir, adjoint, batched,
// dot, or "after PASS". Stages that need data are an error here for which
// NeedsData holds.
func (p *Program) Emit(w io.Writer, stage string) (err error) {
	defer guard(&err, "printing the program")
	switch stage {
	case "ast":
		if isIR(p.path) {
			return &source.Diagnostic{Code: codeNoStage, Class: source.Usage, Message: "IR text has no syntax tree"}
		}
		f, _ := syntax.Parse(p.file)
		_, err := io.WriteString(w, layTree(syntax.Dump(f)))
		return err
	case "ir":
		return ir.Fprint(w, p.lowered)
	case "batched":
		return ir.Fprint(w, p.module)
	case "adjoint":
		return p.writeAdjoint(w)
	case "dot":
		return ir.Dot(w, p.lowered)
	}
	if name, ok := strings.CutPrefix(stage, "after "); ok && isPass(name) {
		if isSized(name) {
			return needsData(stage)
		}
		return p.after(w, name, nil)
	}
	for _, s := range stages {
		if s.Name == strings.TrimSuffix(stage, " measured") {
			return needsData(stage)
		}
	}
	return noStage(stage)
}

// Emit writes the program at a stage, as (*Program).Emit, and the stages that
// need sizes: sized, plan ("plan measured" judges by this machine and not by
// the reference), and "after PASS" of the sized passes.
func (b *Bound) Emit(w io.Writer, stage string) (err error) {
	defer guard(&err, "printing the program")
	switch stage {
	case "sized":
		return ir.Fprint(w, b.module)
	case "plan":
		return b.writePlan(w, runtime.Reference)
	case "plan measured":
		m, err := runtime.Measure()
		if err != nil {
			return err
		}
		return b.writePlan(w, m)
	}
	if name, ok := strings.CutPrefix(stage, "after "); ok && isSized(name) {
		return b.program.after(w, name, b.sizes)
	}
	return b.program.Emit(w, stage)
}

// after runs the passes again up to one of them and prints what there is then.
func (p *Program) after(w io.Writer, pass string, sizes ir.Sizes) error {
	m, passes := cloneModule(p.lowered), sizeFreePasses
	if sizes != nil {
		m, passes = cloneModule(p.module), sizedPasses
	}
	var printed error
	found := false
	err := runPasses(m, passes, sizes, p.options, func(name string, m *ir.Module) bool {
		if name != pass {
			return true
		}
		found = true
		printed = ir.Fprint(w, m)
		return false
	})
	if err == nil && !found {
		err = noStage("after " + pass)
	}
	if err != nil {
		return err
	}
	return printed
}

func needsData(stage string) error {
	return &source.Diagnostic{Code: codeNeedsData, Class: source.Usage, Message: stage + " depends on the sizes of the data"}
}

func noStage(stage string) error {
	var names []string
	for _, s := range stages {
		names = append(names, s.Name)
	}
	for _, n := range passNames() {
		names = append(names, "after "+n)
	}
	d := &source.Diagnostic{Code: codeNoStage, Class: source.Usage, Message: "there is no form " + stage}
	d.Hint = "the forms are " + list(names[:len(stages)])
	if near := source.Nearest(stage, names); near != "" {
		d.Hint = "did you mean `" + near + "`?"
	}
	return d
}

// writePlan writes what the plan of each function takes: that of a training's
// step first, then what nodes run over tables and once.
func (b *Bound) writePlan(w io.Writer, m runtime.Machine) error {
	if _, err := fmt.Fprintf(w, "%s: %.0f Gflop/s of contractions in f32, %.0f in f64, half of that elsewhere; %.0f GB/s in the cache, %.0f GB/s of memory\n\n",
		m.Name, m.F32/1e9, m.F64/1e9, m.Cache/1e9, m.Memory/1e9); err != nil {
		return err
	}
	touched := b.touched()
	for i, fn := range b.planned() {
		f, err := b.runtime.Function(fn.name, fn.donate)
		if err != nil {
			return err
		}
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, f.Plan().Text(m)+touched[fn.name]); err != nil {
			return err
		}
	}
	return nil
}

// touched says, by step function, which parameters that are read by key move
// in the rows of the batch alone, and why others do not.
func (b *Bound) touched() map[string]string {
	out := map[string]string{}
	if slices.Contains(b.program.options.Disabled, "touch") {
		return out
	}
	for _, d := range passes.Touch(cloneModule(b.source), b.sizes) {
		fn := b.source.Node(d.Train).Body.(*ir.Train).StepFn
		if d.Why == "" {
			out[fn] += fmt.Sprintf("  %-28s moves in the rows of the batch, at most %d of %d\n", d.Param, d.Keys, d.Rows)
			continue
		}
		at := ""
		if d.Span.File != nil {
			line, _ := d.Span.File.Position(d.Span.Start)
			at = fmt.Sprintf(" (%s, line %d)", d.Span.File.Path, line)
		}
		out[fn] += fmt.Sprintf("  %-28s moves in all rows: %s%s\n", d.Param, d.Why, at)
	}
	return out
}

// planned is a function that is planned, and what it donates.
type planned struct {
	name   string
	donate map[int]int
}

func (b *Bound) planned() []planned {
	var out []planned
	seen := map[string]bool{"": true}
	add := func(name string, donate map[int]int) {
		if !seen[name] && b.module.Func(name) != nil {
			seen[name] = true
			out = append(out, planned{name, donate})
		}
	}
	for _, n := range b.module.Nodes {
		if t, ok := n.Body.(*ir.Train); ok && b.module.Func(t.StepFn) != nil {
			add(t.StepFn, train.Donations(t, b.module.Func(t.StepFn)))
			add(t.InitFn, nil)
		}
	}
	for _, n := range b.module.Nodes {
		if _, ok := n.Body.(*ir.Train); !ok {
			for _, f := range ir.FuncsOf(n) {
				add(f, nil)
			}
		}
	}
	return out
}
