package dfc

import (
	"fmt"
	"io"
	"strings"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/lang/syntax"
)

// Stage is a form in which a program can be looked at.
type Stage struct {
	Name, Doc string
	Data      bool // needs data: only (*Bound).Emit has it
}

var stages = []Stage{
	{"ast", "the tree of the text", false},
	{"ir", "the IR as lowered, functions of one row; runs as it is", false},
	{"adjoint", "the IR with its derivatives, after the passes derive and simplify", false},
	{"batched", "the IR as it goes to binding: every function over a batch", false},
	{"dot", "the outer graph for graphviz", false},
	{"sized", "the IR after the passes that know the sizes", true},
	{"plan", "memory, flops and bytes of each function at the sizes of the data", true},
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
		_, err := io.WriteString(w, syntax.Dump(f))
		return err
	case "ir":
		return ir.Fprint(w, p.lowered)
	case "batched":
		return ir.Fprint(w, p.module)
	case "adjoint":
		return p.after(w, adjointPass, nil)
	case "dot":
		return writeDot(w, p.module)
	}
	if name, ok := strings.CutPrefix(stage, "after "); ok && isPass(name) {
		if isSized(name) {
			return needsData(stage)
		}
		return p.after(w, name, nil)
	}
	for _, s := range stages {
		if s.Name == stage {
			return needsData(stage)
		}
	}
	return noStage(stage)
}

// Emit writes the program at a stage, as (*Program).Emit, and the stages that
// need sizes: sized, plan, and "after PASS" of the sized passes.
func (b *Bound) Emit(w io.Writer, stage string) (err error) {
	defer guard(&err, "printing the program")
	switch stage {
	case "sized":
		return ir.Fprint(w, b.module)
	case "plan":
		return b.writePlan(w)
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
	if near := source.Nearest(stage, names); near != "" {
		d.Hint = "did you mean " + near + "?"
	}
	return d
}

// writeDot writes the outer graph in the language of graphviz: tables as
// folders, trainings as boxes, results as notes.
func writeDot(w io.Writer, m *ir.Module) error {
	shape := map[string]string{"source": "folder", "category": "tab", "derive": "folder", "read": "folder", "reduce": "ellipse",
		"compute": "ellipse", "train": "box", "write": "note", "print": "note", "test": "octagon"}
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %q {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n", m.Name)
	web := newWeb(m)
	for _, n := range m.Nodes {
		kind := n.Body.Kind()
		fmt.Fprintf(&b, "  %q [shape=%s, label=%q];\n", n.Name, shape[kind], n.Name+"\n"+kind)
	}
	for _, n := range m.Nodes {
		for _, o := range web.needs(n) {
			fmt.Fprintf(&b, "  %q -> %q;\n", o.Name, n.Name)
		}
		if every := everyOf(n); every != "" {
			fmt.Fprintf(&b, "  %q -> %q [style=dashed, label=\"each pass\"];\n", n.Name, every)
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writePlan writes what the plan of each function takes.
func (b *Bound) writePlan(w io.Writer) error {
	return nil
}
