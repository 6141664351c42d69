// Package passes rewrites modules: it takes derivatives, batches, assembles
// the steps of training, and simplifies. It knows no operation by name except
// those with regions, the laws of `simplify` and what `fuse`, `layout` and the
// linear rules write; everything else it learns from the operation table. It
// knows neither the language above nor the machine below.
package passes

import (
	"fmt"

	"github.com/dfc-lang/dfc/ir"
)

// Pass is one rewriting of a module, with the reason for its place.
type Pass struct {
	Name   string
	Run    func(m *ir.Module, sizes ir.Sizes) error
	Reason string
}

// SizeFree is what runs before the sizes of the data are known.
var SizeFree = []Pass{
	{"group", group, "sums over the rows of one key are as they were written, and have no derivatives yet"},
	{"sink", sink, "what only a branch uses belongs to it, before derivatives are taken"},
	{"stabilise", stabilise, "log(softmax) and the like, before their derivatives are taken"},
	{"simplify", simplify, "fewer values to differentiate"},
	{"cse", cse, "as above"},
	{"dce", dce, "as above, and functions that nothing uses"},
	{"hoist", hoist, "what a loop computes again and again is no residual of it"},
	{"step", step, "asks for the transforms that training and tables need"},
	{"derive", derive, "realises transforms, innermost first, simplifying between"},
	{"dce", dce, "the functions that transforms began from"},
	{"flatten", flatten, "branches by lane have kept their regions through all derivatives; now they are selects"},
	{"inline", inline, "last, so that derivatives were taken once a function"},
	{"simplify", simplify, "forward and reverse meet in one function"},
	{"hoist", hoistLate, "what reverse loops repeat; domains no longer matter"},
	{"cse", cse, "forward and reverse share much"},
	{"simplify", simplify, "equal things have become one"},
	{"dce", dce, "functions and results that inlining left behind"},
}

// Sized is what runs once sizes are known.
var Sized = []Pass{
	{"ahead", ahead, "functions have all that they compute in them; the rest of the list is for the new ones too"},
	{"lift", lift, "products that do not wait for the step before are one product for all steps; touch and layout then see them outside of loops"},
	{"touch", touch, "a parameter that is read by key moves in the rows of the batch alone, where that is provably the same"},
	{"layout", layout, "transposes go into contractions, reshapes of nothing go"},
	{"dce", dce, "the transposes that went"},
	{"scalarise", scalarise, "derivatives of small tensors are compact, loops over numbers are fast"},
	{"remat", remat, "all stacks are there, and loops over elements do not yet hide how they are made"},
	{"contract", contract, "products are what they will be; a loop over elements hides them"},
	{"fuse", fuse, "loops over the same dimensions become one; nothing looks inside afterwards"},
	{"dce", dce, "constants that went inside"},
	{"strips", strips, "loops and products are what they will be, and their sizes known"},
	{"recompute", recompute, "what loops store is known, and what lies within strips is not stored"},
	{"schedule", schedule, "the order in which least is alive"},
}

// Order says that one pass must come before another wherever both stand.
type Order struct{ First, Then, Reason string }

// Orders is checked by a test against both lists.
var Orders = []Order{
	{"group", "sink", "a value that a branch uses alone no longer tells which key it belongs to"},
	{"group", "step", "the loops of a comprehension are still loops"},
	{"sink", "derive", "afterwards the value is a residual outside of the branch, and its NaN reaches the sum"},
	{"step", "derive", "step only asks"},
	{"stabilise", "derive", "the derivative of an unstable form is worse than the form"},
	{"hoist", "derive", "a hoisted value is a capture and never stacked"},
	{"derive", "flatten", "a select is no border at which residuals can be masked"},
	{"derive", "inline", "inlined functions would be differentiated once a call"},
	{"flatten", "fuse", "branches end loops"},
	{"scalarise", "fuse", "nothing looks inside of a loop over elements afterwards"},
	{"derive", "scalarise", "a tensor has one derivative, its elements have many"},
	{"ahead", "fuse", "in a loop over points what is the same in every batch is beside what is not"},
	{"lift", "touch", "what reads a parameter by key may stand in a loop before"},
	{"lift", "layout", "the step becomes a dimension, which transposes bring to its place"},
	{"lift", "remat", "a product for all steps is a stack that is read anyway"},
	{"scalarise", "remat", "what moves elements about is gone, and stacks of small tensors are stacks of numbers"},
	{"remat", "contract", "products and sums of a residual are still apart"},
	{"remat", "fuse", "it looks inside the bodies of loops"},
	{"touch", "layout", "the proof reads the update as it was written"},
	{"touch", "fuse", "it looks inside the update"},
	{"contract", "fuse", "inside of a loop over elements nothing is changed any more"},
	{"layout", "fuse", "transposes end loops"},
	{"fuse", "strips", "loops are operations of a strip; nothing looks inside afterwards"},
	{"strips", "recompute", "between the operations of a strip nothing goes through memory"},
	{"contract", "recompute", "a product that is computed twice has two readers"},
	{"recompute", "schedule", "values live shorter or longer"},
	{"strips", "schedule", "what runs in strips is ordered as well"},
	{"fuse", "schedule", "what is ordered is what runs"},
}

// stages says from which pass on the verifier demands more.
var stages = map[string]ir.Stage{"derive": ir.StageDerived, "flatten": ir.StageFlat, "layout": ir.StageFlat}

// Run applies the passes of a list in order and verifies the module after
// each. The observer, which may be nil, sees the module after each pass; one
// that runs again is called `simplify.2`, as in the texts of --emit.
func Run(m *ir.Module, list []Pass, sizes ir.Sizes, observe func(name string, m *ir.Module)) error {
	stage := stageOf(m, list)
	for i, name := range Names(list) {
		if err := list[i].apply(m, sizes, &stage); err != nil {
			return err
		}
		if err := ir.Verify(m, stage); err != nil {
			return fmt.Errorf("after pass %s: %w", name, err)
		}
		if observe != nil {
			observe(name, m)
		}
	}
	return nil
}

// Apply is Run that verifies once, what the whole list has made: it is as sure
// that nothing wrong goes on from here, but does not know whose fault it is.
// Run on the module as it was tells.
func Apply(m *ir.Module, list []Pass, sizes ir.Sizes) error {
	stage := stageOf(m, list)
	for _, p := range list {
		if err := p.apply(m, sizes, &stage); err != nil {
			return err
		}
	}
	if err := ir.Verify(m, stage); err != nil {
		return fmt.Errorf("after the passes: %w", err)
	}
	return nil
}

// apply runs one pass, and raises the stage that the module then is at.
func (p Pass) apply(m *ir.Module, sizes ir.Sizes, stage *ir.Stage) error {
	if err := p.Run(m, sizes); err != nil {
		return err
	}
	for _, f := range m.Funcs {
		ir.Renumber(f)
	}
	*stage = max(*stage, stages[p.Name])
	return nil
}

// Names is what the passes of a list are called there.
func Names(list []Pass) []string {
	var out []string
	seen := map[string]int{}
	for _, p := range list {
		seen[p.Name]++
		if n := seen[p.Name]; n > 1 {
			out = append(out, fmt.Sprintf("%s.%d", p.Name, n))
		} else {
			out = append(out, p.Name)
		}
	}
	return out
}

// stageOf is how far a module has come by the look of it; one that has yet to
// be derived may ask for transforms at any time.
func stageOf(m *ir.Module, list []Pass) ir.Stage {
	stage := ir.StageFlat
	for _, p := range list {
		if p.Name == "derive" {
			return ir.StageRaw
		}
	}
	for _, f := range m.Funcs {
		ir.Walk(f.Body, func(op *ir.Op) {
			switch a := op.Attrs.(type) {
			case ir.CallAttrs:
				if len(a.Req) > 0 {
					stage = ir.StageRaw
				}
			case ir.MapAttrs:
				stage = ir.StageRaw
			case ir.CondAttrs:
				if op.Operands[0].Type.Rank() > 0 {
					stage = min(stage, ir.StageDerived)
				}
			}
		})
	}
	return stage
}
