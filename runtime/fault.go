// Package runtime turns functions of the IR into plans and runs them: one
// arena, typed kernels, a pool of workers. It knows nothing of passes.
package runtime

import (
	"fmt"

	"github.com/dfc-lang/dfc/lang/source"
)

// Fault is a checked operation that failed while a function ran: integer
// overflow, division by zero, a conversion out of range, a false assertion.
type Fault struct {
	Span    source.Span
	Message string
	Code    string // of the catalogue, D0300 to D0339
	Element int64  // flat index into the result of the operation
	Row     int64  // leading index where the result has rows of a step, else -1
	Value   string // the operands, for people
}

func (f *Fault) Error() string {
	at := ""
	if f.Row >= 0 {
		at = fmt.Sprintf(" in row %d of the step", f.Row)
	}
	if f.Value != "" {
		return fmt.Sprintf("%s (%s)%s", f.Message, f.Value, at)
	}
	return f.Message + at
}
