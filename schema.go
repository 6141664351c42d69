package dfc

import (
	"path/filepath"

	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/data"
)

// Schema proposes the `table` declaration that reads a data file (separated
// values, JSON objects a line, or IDX), for a program in the folder that the path
// is relative to: a kind for each column that holds its values, `?` where some
// are missing, a category where texts are few.
func Schema(path string) (text string, err error) {
	defer guard(&err, "reading "+path)
	text, err = data.Schema("", filepath.ToSlash(path))
	if err != nil {
		return "", source.AsList(err)
	}
	return text, nil
}
