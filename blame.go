package dfc

import (
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// blamer finds the operation of a step that makes a number that is not finite,
// by the interpreter; nil where that one does not meet it.
func blamer(step *runtime.Function) func([]*array.Array, map[string]int64) *source.Diagnostic {
	return func(in []*array.Array, actual map[string]int64) *source.Diagnostic {
		b, err := step.Blame(in, actual)
		if err != nil || b == nil {
			return nil // what is known without it is reported all the same
		}
		return b.Diagnostic()
	}
}
