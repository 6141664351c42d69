package data

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dfc-lang/dfc/lang/source"
)

// idxSchema is the declaration that reads an IDX file: a table of one field,
// whose sizes are all but the first.
func idxSchema(s *stream, file string) (string, error) {
	f, err := openIdx(s)
	if err != nil {
		return "", err
	}
	name := idxField(file)
	kind := f.kind.String()
	if len(f.shape) > 1 {
		kind += sizesText(f.shape[1:])
	}
	return fmt.Sprintf("// %d rows\ntable %s from idx(%s: %q) {\n  %s: %s,\n}\n", f.shape[0], tableName(file), name, file, name, kind), nil
}

// idxNoise are the parts of the usual names of IDX files that say nothing of
// what they hold.
var idxNoise = regexp.MustCompile(`^(idx\d*|u?byte|train|test|t10k|\d+)$`)

// idxField is the field of a file: `train-images-idx3-ubyte.gz` has `images`.
func idxField(file string) string {
	base, _, _ := strings.Cut(path.Base(file), ".")
	field := "value"
	for _, w := range strings.FieldsFunc(strings.ToLower(base), func(r rune) bool { return r == '-' || r == '_' || r == ' ' }) {
		if !idxNoise.MatchString(w) {
			field = identifier(w)
		}
	}
	return field
}

// isIdx reports the first bytes of an IDX file, which no text begins with.
func isIdx(head []byte) bool {
	return len(head) >= 4 && head[0] == 0 && head[1] == 0 && idxKinds[head[2]] != 0 && head[3] > 0 && head[3] <= 8
}

// schemaOf is the schema of what a file begins with, nil for separated values.
func schemaOf(file string, head []byte) func(*stream, string) (string, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff"))
	switch ext := plainExt(file); {
	case isIdx(head):
		return idxSchema
	case ext == ".jsonl" || ext == ".ndjson" || strings.HasPrefix(text, "{"):
		return jsonSchema
	case ext == ".json" && strings.HasPrefix(text, "["):
		return func(*stream, string) (string, error) {
			return "", source.Dataf("D0134", source.Place{File: file}, "this is one JSON array, which no table is read from").
				WithHint("write one object a line, as jsonl has them")
		}
	}
	return nil
}
