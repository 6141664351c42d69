package source

import (
	"fmt"
	"sort"
)

// Code is the entry of one diagnostic in the catalogue: what `dfc explain`
// prints and what docs/errors.md is generated from.
type Code struct {
	ID      string // "E0301"
	Title   string // one line, lower case, no full stop
	Explain string // why it is wrong and what to do; a few sentences
	Wrong   string // a small program, or lines of data, that raises it; may be empty for data and bugs
	Right   string // the same, corrected; may be empty
}

var codes = map[string]Code{}

// Register adds codes to the catalogue. Packages call it from init, each for
// its own range: E01 syntax, E02 names and modules, E03 types and values,
// E04 dimensions, E05 tables and sources, E06 derivatives, E07 models and
// training, E08 results and settings, D1 data files, D2 state on disk,
// D3 numbers gone wrong while running, U0 use of the command, B0 bugs.
func Register(cs ...Code) {
	for _, c := range cs {
		if _, dup := codes[c.ID]; dup {
			panic(fmt.Sprintf("diagnostic code %s registered twice", c.ID))
		}
		codes[c.ID] = c
	}
}

// LookupCode returns the catalogue entry of a code.
func LookupCode(id string) (Code, bool) { c, ok := codes[id]; return c, ok }

// Codes is the whole catalogue, ordered by ID.
func Codes() []Code {
	out := make([]Code, 0, len(codes))
	for _, c := range codes {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

func init() {
	Register(Code{ID: "B0001", Title: "a fault in dfc itself",
		Explain: "Something happened inside dfc that must not happen, whatever the program or the data. Please report it together with the program; `dfc compile FILE --emit ir -o bug.ir` writes what the compiler made of it."})
}
