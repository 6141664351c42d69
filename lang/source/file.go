// Package source is the leaf of the project: files, spans, diagnostics and
// their rendering. It knows nothing of tokens, types or the IR; everything
// else reports through it, so that a user meets one shape of message.
package source

import (
	"sort"
	"unicode/utf8"
)

// File is one source text. Positions inside it are byte offsets; lines and
// columns are computed only when something is printed.
type File struct {
	Path string // as the user would write it, for messages
	Text []byte

	lines []int // offset of the first byte of each line, built on first use
}

// NewFile returns a file over text; text must not change afterwards.
func NewFile(path string, text []byte) *File {
	f := &File{Path: path, Text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// Position returns the 1-based line and column of an offset. Columns count
// runes, not bytes.
func (f *File) Position(offset int) (line, col int) {
	if offset > len(f.Text) {
		offset = len(f.Text)
	}
	i := sort.SearchInts(f.lines, offset+1) - 1
	return i + 1, utf8.RuneCount(f.Text[f.lines[i]:offset]) + 1
}

// Lines is the number of lines of the file.
func (f *File) Lines() int { return len(f.lines) }

// Line returns the text of a 1-based line, without its line end.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.Text)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	s := f.Text[f.lines[n-1]:end]
	if len(s) > 0 && s[len(s)-1] == '\r' {
		s = s[:len(s)-1]
	}
	return string(s)
}

// LineStart is the offset of the first byte of a 1-based line.
func (f *File) LineStart(n int) int { return f.lines[n-1] }

// Span is a half-open range of bytes of one file. The zero Span means "no
// place"; it is what generated values carry that no user text stands for.
type Span struct {
	File       *File
	Start, End int
}

// IsZero reports whether the span names no place.
func (s Span) IsZero() bool { return s.File == nil }

// To is the span from the start of s to the end of t, which lies in the same
// file; a zero side yields the other one.
func (s Span) To(t Span) Span {
	if s.IsZero() {
		return t
	}
	if t.IsZero() || t.File != s.File {
		return s
	}
	return Span{s.File, min(s.Start, t.Start), max(s.End, t.End)}
}

// Text is the source text under the span.
func (s Span) Text() string {
	if s.IsZero() || s.End > len(s.File.Text) {
		return ""
	}
	return string(s.File.Text[s.Start:s.End])
}
