// Package runtime turns functions of the IR into plans and runs them: one
// arena, typed kernels, a pool of workers. It knows nothing of passes.
package runtime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
)

// Fault is a checked operation that failed while a function ran: integer
// overflow, division by zero, a conversion out of range, a false assertion.
type Fault struct {
	Span    source.Span
	Message string
	Code    string // of the catalogue, D0300 to D0339
	Element int64  // flat index into the result of the operation, -1 where it is no element's
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

// operandValue is one element, as a float or an integer.
type operandValue struct {
	float bool
	f     float64
	i     int64
}

func (v operandValue) String() string {
	if v.float {
		return strconv.FormatFloat(v.f, 'g', -1, 64)
	}
	return strconv.FormatInt(v.i, 10)
}

// readValue is element i of storage of kind k.
func readValue(p unsafe.Pointer, k ir.Kind, i int) operandValue {
	p = unsafe.Add(p, i*bytesOf(k))
	switch k {
	case ir.F32:
		return operandValue{float: true, f: float64(*(*float32)(p))}
	case ir.F64:
		return operandValue{float: true, f: *(*float64)(p)}
	case ir.I32, ir.Index:
		return operandValue{i: int64(*(*int32)(p))}
	case ir.I64, ir.Key:
		return operandValue{i: *(*int64)(p)}
	case ir.I8:
		return operandValue{i: int64(*(*int8)(p))}
	case ir.I16:
		return operandValue{i: int64(*(*int16)(p))}
	case ir.U16:
		return operandValue{i: int64(*(*uint16)(p))}
	}
	return operandValue{i: int64(*(*uint8)(p))}
}

// faultOf is the fault of an elementwise operation on given operands. rowSize
// is the number of elements of a row, 0 where there are no rows.
func faultOf(op *ir.Op, x []operandValue, element int64, rowSize int) *Fault {
	f := &Fault{Span: op.Span, Code: CodeInteger, Element: element, Row: rowOf(element, rowSize)}
	texts := make([]string, len(x))
	ints := make([]int64, len(x))
	for i, v := range x {
		texts[i], ints[i] = v.String(), v.i
	}
	f.Value = strings.Join(texts, ", ")
	if op.Row.Name == "convert" {
		f.Code, f.Value = CodeConvert, ""
		f.Message = fmt.Sprintf("%s does not fit in %s", texts[0], op.Results[0].Type.Elem())
		if t := op.Results[0].Type; t.Kind == ir.Index {
			f.Code, f.Message = CodeIndex, fmt.Sprintf("%s is no index below %s", texts[0], t.Bound)
		}
		return f
	}
	f.Message = op.Row.Name + " has no result"
	if op.Row.ScalarInt != nil {
		if _, err := op.Row.ScalarInt(op, ints); err != nil {
			f.Message, f.Value = err.Error(), "" // it names the operands
		}
	}
	return f
}

func rowOf(element int64, rowSize int) int64 {
	if rowSize <= 0 || element < 0 {
		return -1
	}
	return element / int64(rowSize)
}

// asFault turns what the interpreter says into a fault; other errors are
// faults of ours and come back as they are.
func asFault(err error, rowSize func(*ir.Op) int) (*Fault, error) {
	var e *ir.EvalError
	if !errors.As(err, &e) {
		return nil, err
	}
	f := &Fault{Span: e.Op.Span, Message: e.Msg, Code: CodeInteger, Element: int64(e.Element)}
	switch e.Op.Row.Name {
	case "assert":
		f.Code = CodeAssert
	case "gather", "scatter_add", "scatter_max", "row_write", "slice", "slice_add":
		f.Code = CodeIndex
	case "convert":
		f.Code = CodeConvert
	case "argmax", "reduce_max":
		f.Code = CodeEmpty
	}
	f.Row = rowOf(f.Element, rowSize(e.Op))
	return f, nil
}
