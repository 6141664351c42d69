package dfc

import "github.com/dfc-lang/dfc/lang/source"

// DataReport is what the data looks like once it is bound, before anything is
// learned from it.
type DataReport struct {
	Tables     []TableReport
	Categories []CategoryReport
	Subsets    []SubsetReport
}

// TableReport is a table that was read from files.
type TableReport struct {
	Name    string
	Rows    int64
	Files   []string
	Cache   string // "read", "written", or why it was written anew: "stale", "damaged"; "failed": it was not; "" where none is kept
	Columns []ColumnReport
}

// ColumnReport is a column that the program uses.
type ColumnReport struct {
	Name      string
	Missing   int64
	Unmatched int64  // keys that match no row of Table
	Table     string // the table that a key leads to, "" for other columns
	Constant  bool   // the same value in every row
}

// CategoryReport is a category with some of its values.
type CategoryReport struct {
	Name string
	Size int
	Some []string
}

// SubsetReport is a derived table.
type SubsetReport struct {
	Name, Of string
	Rows     int64
}

// NeedsData reports whether an error of (*Program).Emit says that the stage is
// one that only (*Bound).Emit has.
func NeedsData(err error) bool {
	for _, d := range source.AsList(err) {
		if d.Code == codeNeedsData {
			return true
		}
	}
	return false
}
