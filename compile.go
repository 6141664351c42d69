package dfc

import (
	"io"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Program is a compiled program, not yet bound to data.
type Program struct {
	path     string
	file     *source.File
	options  Options
	lowered  *ir.Module // as lowered, before any pass
	module   *ir.Module // after the passes that need no sizes
	warnings source.List
}

// Compile reads, checks and compiles the program in a file: source text, or
// IR text where the name ends in ".ir". Errors are a source.List that has the
// warnings too.
func Compile(path string, o Options) (*Program, error) { return nil, errAbsent }

// CompileText is Compile of a text; path is what messages call it and what
// paths of data and imports are relative to.
func CompileText(path string, text []byte, o Options) (*Program, error) { return nil, errAbsent }

// Check compiles as far as needed to find every error and warning. The list
// is ordered by place; (source.List).Err tells whether it holds an error.
func Check(path string, o Options) source.List { return nil }

// Warnings are those of Compile, ordered by place.
func (p *Program) Warnings() source.List { return p.warnings }

// Module is the program after the size-free passes; it must not be changed.
func (p *Program) Module() *ir.Module { return p.module }

// Tests are the titles of the program's tests, in order.
func (p *Program) Tests() []string { return nil }

// Stages are the names that Emit takes, with a sentence each; beside them
// "after PASS" for every pass.
func Stages() []Stage { return nil }

// Stage is a form in which a program can be looked at.
type Stage struct {
	Name, Doc string
	Data      bool // needs data: only (*Bound).Emit has it
}

// Emit writes the program as it is at a stage: ast, ir, adjoint, batched,
// dot, or "after PASS". Stages that need data are a Usage error here.
func (p *Program) Emit(w io.Writer, stage string) error { return errAbsent }

var errAbsent = source.Bugf(source.Span{}, "not built in")
