package dfc

import "github.com/dfc-lang/dfc/lang/source"

// The codes of the command line itself; they stand here so that the catalogue
// is whole for those who print it.
func init() {
	source.Register(
		source.Code{ID: "U0001", Title: "wrong use of the command",
			Explain: "A flag or an argument of the command line is unknown, missing or not of the right form. `dfc VERB --help` shows the flags of a verb and an example."},
		source.Code{ID: "U0002", Title: "a file of the command line cannot be read or written",
			Explain: "A file or folder that the command line names is not there, is a folder where a file is wanted, or is not allowed to be read or written."},
	)
}
