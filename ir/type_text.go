package ir

import (
	"fmt"
	"strings"
)

// ParseType reads what Type.String prints; it returns what follows.
func ParseType(s string) (t Type, rest string, err error) {
	n := 0
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	if n == 0 && strings.HasPrefix(s, "?") {
		n = 1
	}
	if t.Kind = KindOf(s[:n]); t.Kind == NoKind && s[:n] != "?" {
		return t, s, fmt.Errorf("a type expected, found %s", found(s))
	}
	s = s[n:]
	if t.Kind == Index {
		if !strings.HasPrefix(s, "<") {
			return t, s, fmt.Errorf("`index<SIZE>` expected")
		}
		if t.Bound, s, err = parseDim(s[1:]); err != nil {
			return t, s, err
		}
		if !strings.HasPrefix(s, ">") {
			return t, s, fmt.Errorf("`>` expected, found %s", found(s))
		}
		s = s[1:]
	}
	if strings.HasPrefix(s, "[") {
		t.Dims, s, err = parseDims(s[1:])
	}
	return t, s, err
}

// parseDims reads dimensions up to and with the closing bracket.
func parseDims(s string) (ds []Dim, rest string, err error) {
	for {
		var d Dim
		if d, s, err = parseDim(s); err != nil {
			return nil, s, err
		}
		ds = append(ds, d)
		switch {
		case strings.HasPrefix(s, ","):
			s = strings.TrimLeft(s[1:], " ")
		case strings.HasPrefix(s, "]"):
			return ds, s[1:], nil
		default:
			return nil, s, fmt.Errorf("`,` or `]` expected, found %s", found(s))
		}
	}
}

// parseDim is ParseDim that also knows "no dimension".
func parseDim(s string) (Dim, string, error) {
	if strings.HasPrefix(s, "?") {
		return Dim{}, s[1:], nil
	}
	return ParseDim(s)
}

// found is the start of a text, for messages.
func found(s string) string {
	if s == "" {
		return "the end"
	}
	if s, _, _ = strings.Cut(s, "\n"); s == "" {
		return "the end of the line"
	}
	if r := []rune(s); len(r) > 20 {
		s = string(r[:20]) + "…"
	}
	return "`" + s + "`"
}

// MarshalText and UnmarshalText make a type its text inside JSON.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(text []byte) error {
	u, rest, err := ParseType(string(text))
	if err == nil && rest != "" {
		err = fmt.Errorf("nothing expected after a type, found %s", found(rest))
	}
	*t = u
	return err
}

// MarshalText and UnmarshalText make a dimension its text inside JSON.
func (d Dim) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Dim) UnmarshalText(text []byte) error {
	e, rest, err := parseDim(string(text))
	if err == nil && rest != "" {
		err = fmt.Errorf("nothing expected after a dimension, found %s", found(rest))
	}
	*d = e
	return err
}
