package data

import (
	"github.com/dfc-lang/dfc/lang/source"
)

const (
	mostFaults = 5  // rows at fault that a message lists
	mostBlocks = 32 // that are read on behind the first of them, some 16 MB
)

// faultList is what is known of the rows of a file that are at fault.
type faultList struct {
	first  *source.Diagnostic
	listed int
	lost   int
	blocks int
	broken bool
}

// enough reports that no more of the table is read, since a row is at fault
// and what the block of the message would add is not worth its reading.
func (a *assembler) enough(b *block) bool {
	f := &a.faults
	return f.first != nil && (f.listed == mostFaults || f.blocks == mostBlocks || f.broken || b.file != a.file)
}

// note takes the faults of a block, which is not kept.
func (a *assembler) note(p *part) {
	f := &a.faults
	for _, x := range p.faults {
		switch d := a.diagnose(x); {
		case f.first == nil:
			f.first = d
		case f.listed < mostFaults:
			f.first.Note(source.Span{}, "%s: %s", d.Place, d.Message)
		default:
			continue
		}
		f.listed++
	}
	f.lost, f.blocks, f.broken = f.lost+p.lost, f.blocks+1, p.broken
	a.fileRow += int64(p.rows)
	a.line += p.lines
}

// verdict is the message about all rows at fault, nil where there are none.
func (a *assembler) verdict() error {
	f := &a.faults
	if f.first == nil {
		return nil
	}
	if f.lost > 1 {
		f.first.Note(source.Span{}, "%d of the first %d rows of `%s` are at fault", f.lost, a.fileRow, a.file)
	}
	return f.first
}

func (a *assembler) diagnose(f *fault) *source.Diagnostic {
	at := source.Place{File: a.file, Line: a.line + f.line + 1, Column: f.column, Value: f.value}
	if f.row >= 0 {
		at.Row = a.fileRow + f.row + 1
	}
	d := source.Dataf(f.code, at, "%s", f.message).At(a.t.fieldAt(f.column))
	if f.hint != "" {
		d.WithHint("%s", f.hint)
	}
	return d
}
