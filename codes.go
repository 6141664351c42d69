package dfc

import (
	"errors"
	"io/fs"
	"runtime"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// Codes of the root package: wrong use of what it offers.
const (
	codeNeedsData = "U0010"
	codeNoFile    = "U0011"
	codeNoTable   = "U0012"
	codeNoStage   = "U0013"
	codeIR        = "U0014"
	codePredict   = "U0015"
	codeRecord    = "U0016"
	codeNoNode    = "U0017"
	codeOutput    = "D0230"
	codeDropped   = "D0231"
	codeNoRows    = "D0232"
	codeNoColumn  = "D0104" // of package data: a column that a file does not have
	codeNoValue   = "D0113" // of package data: a value that is missing
	codeNoKey     = "D0117" // of package data: a key that matches nothing
)

func init() {
	source.Register(
		source.Code{ID: codeNeedsData, Title: "this form needs the data",
			Explain: "The plan of a program, and its IR after the passes that come behind binding, depend on the sizes of tables and categories, so the data must be opened first."},
		source.Code{ID: codeNoFile, Title: "the program cannot be read",
			Explain: "The file of the program is not there or may not be read. Paths are relative to the working directory."},
		source.Code{ID: codeNoTable, Title: "the program reads no such table",
			Explain: "A file was given for a table that the program does not read from a file. Tables that are computed (splits, subsets) follow the table that they are made from: give the file for that one."},
		source.Code{ID: codeNoStage, Title: "no such form",
			Explain: "A program can be looked at in the forms that `dfc compile --help` lists, and after each pass that `dfc explain` lists."},
		source.Code{ID: codeIR, Title: "IR of another version",
			Explain: "Compiled IR belongs to the numerics that it was compiled for, since results depend on them. Compile the program again."},
		source.Code{ID: codePredict, Title: "this program cannot predict that",
			Explain: "Predicting runs what the program writes for each row of a table, on new rows. So the program needs a `write` whose rows come from that table or from a part of it, such as `write csv(\"predicted.csv\") = [{ predicted: fit(h) } for h in Test]`."},
		source.Code{ID: codeRecord, Title: "the record cannot be read",
			Explain: "One record is a JSON object whose keys are the fields of the table: {\"age\": 31, \"region\": \"north\"}. Fields that only training needs may be missing."},
		source.Code{ID: codeNoNode, Title: "the program computes no such value",
			Explain: "A value that is computed again, to be timed, is named by the `let` at top level that computes it."},
		source.Code{ID: codeDropped, Title: "rows left out for their keys",
			Explain: "The table says `duplicates: first`, and some keys stand in several rows of its file. Each key means the first of its rows; the others are not in the table."},
		source.Code{ID: codeNoRows, Title: "a part of a table has no rows",
			Explain: "A split, slice or condition has left nothing of a table that has rows. A metric over such a part has no value, and nothing can be learned from it."},
		source.Code{ID: codeOutput, Title: "a result cannot be written",
			Explain: "Results are written beside their place and renamed into it when the whole program has succeeded. Whether they can be is tried before the first step, so that no training is lost. See that the folder can be made, that you may write to it, and that the disk has room."},
	)
}

// processors is the number of processors that the process may use.
func processors() int { return runtime.GOMAXPROCS(0) }

// workers is how many goroutines compute: as many as asked for, but no more
// than the machine runs at once, since one that waits takes time from others.
func workers(asked int) int {
	if most := processors(); asked <= 0 || asked > most {
		return most
	}
	return asked
}

// list joins names for people.
func list(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// plain is an error of the operating system without the name of its call.
func plain(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
