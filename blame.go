package dfc

import (
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime"
	"github.com/dfc-lang/dfc/runtime/array"
)

// blamer finds the operation of a step that makes a number that is not finite.
func (s *session) blamer(step *runtime.Function) func([]*array.Array, map[string]int64) *source.Diagnostic {
	return nil
}
