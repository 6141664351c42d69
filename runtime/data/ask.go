package data

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"github.com/dfc-lang/dfc/ir"
	"github.com/dfc-lang/dfc/lang/source"
	"github.com/dfc-lang/dfc/runtime/array"
)

// Note: what is asked of texts. No text enters a function of the IR, so what
// a program computes of a text is a column of its own, computed when the file
// is read: once, and after that an ordinary bool, integer or member.

// step is a step of it, ready to run.
type step struct {
	ir.TextStep
	re *regexp.Regexp
}

// stepsOf prepares steps; an unknown one is an error.
func stepsOf(list []ir.TextStep) ([]step, error) {
	var out []step
	for _, s := range list {
		x := step{TextStep: s}
		switch s.Op {
		case "matches":
			re, err := regexp.Compile(s.Arg)
			if err != nil {
				return nil, source.Errorf("D0134", source.Span{}, "%q is no regular expression", s.Arg)
			}
			x.re = re
		case "lower", "part", "is", "length", "parts", "time", "hash":
		default:
			return nil, source.Bugf(source.Span{}, "nothing is called %s of a text", s.Op)
		}
		out = append(out, x)
	}
	return out, nil
}

// run takes one step: from a text to a text, or to a number.
func (s *step) run(raw []byte) (text []byte, n int64) {
	switch s.Op {
	case "lower":
		return bytes.ToLower(raw), 0
	case "part":
		return s.part(raw), 0
	case "is":
		n = int64(oneIf(string(raw) == s.Arg))
	case "matches":
		n = int64(oneIf(s.re.Match(raw)))
	case "length":
		n = int64(utf8.RuneCount(raw))
	case "parts":
		n = 1
		if s.Arg != "" {
			n += int64(bytes.Count(raw, []byte(s.Arg)))
		}
	case "time":
		n, _ = ir.ParseTime(trim(raw)) // that it is one has been checked
	case "hash":
		n = int64(hashText(0, string(raw)))
	}
	return nil, n
}

// part is number N of the parts between texts Arg, empty where there are fewer.
func (s *step) part(raw []byte) []byte {
	for i := 0; ; i++ {
		head, rest, more := bytes.Cut(raw, []byte(s.Arg))
		if i == s.N || s.Arg == "" {
			return head
		}
		if !more {
			return nil
		}
		raw = rest
	}
}

// askText runs all steps.
func askText(steps []step, raw []byte) (text []byte, n int64) {
	text = raw
	for i := range steps {
		text, n = steps[i].run(text)
	}
	return text, n
}

// putAsked takes the text of a field that another one asks.
func (v *values) putAsked(in *input, d *dialect, raw []byte, row int32) *problem {
	if d.isMissing(raw) && (in.field.Optional || !in.free) || string(raw) == nullText {
		if in.field.Optional || in.field.Maybe {
			return v.putMissing(in)
		}
		return missing(in)
	}
	if !utf8.Valid(raw) {
		return notUTF8()
	}
	if in.isTime() {
		if p := checkTime(in, raw); p != nil {
			return p
		}
	}
	text, n := askText(in.ask, raw)
	if in.optional {
		v.valid = append(v.valid, 1)
	}
	switch in.as {
	case asText:
		v.text = append(v.text, text...)
		v.ends = append(v.ends, uint32(len(v.text)))
	case asMember:
		id, _ := v.dict.id(text, row)
		v.a.I32 = append(v.a.I32, id)
	default:
		pushInt(&v.a, n)
	}
	return nil
}

// isTime says whether what is asked of a field is the time that it holds.
func (in *input) isTime() bool { return len(in.ask) > 0 && in.ask[0].Op == "time" }

// checkTime refuses what is no time.
func checkTime(in *input, raw []byte) *problem {
	if len(trim(raw)) == 0 {
		return missing(in)
	}
	if _, ok := ir.ParseTime(trim(raw)); !ok {
		return bad("D0136", "this is no time").try("a time is written 2024-02-29, 2024-02-29T13:05 or 2024-02-29 13:05:07.25+02:00; a text of another form is a `str`")
	}
	return nil
}

// checkAsked compares the texts that a program asks a category for with its
// members: a text that no row can have is a slip of the pen.
func (ds *Dataset) checkAsked(t *table) error {
	for _, in := range t.inputs {
		if in.col == nil || len(in.ask) != 1 || in.ask[0].Op != "is" {
			continue
		}
		like := fieldOf(t.node.Fields, in.field.Like)
		if like == nil || ds.cats[like.Category] == nil {
			continue
		}
		c, text := ds.cats[like.Category], in.ask[0].Arg
		if _, ok := c.ids[text]; !ok {
			return notMember(c, text).At(in.field.Span)
		}
	}
	return nil
}

func notMember(c *category, text string) *source.Diagnostic {
	d := source.Dataf("D0116", source.Place{}, "the data has no %q in %s", text, c.name)
	if near := source.Nearest(text, c.values); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	return d
}

// askedReader computes something of every member of a category; inReader asks
// whether a text is one.
const (
	askedReader = "asked"
	inReader    = "in"
)

// asked is the result of steps for every member of a category.
func (ds *Dataset) asked(r *ir.Reader, out ir.Output, at source.Span) (*array.Array, error) {
	c := ds.cats[r.Options["of"]]
	var list []ir.TextStep
	if err := json.Unmarshal([]byte(r.Options["steps"]), &list); err != nil || c == nil {
		return nil, source.Bugf(at, "nothing is asked of %s", r.Options["of"])
	}
	steps, err := stepsOf(list)
	if err != nil {
		return nil, err
	}
	a := array.New(out.Type.Kind, len(c.values))
	for i, text := range c.values {
		_, n := askText(steps, []byte(text))
		a.SetInt(i, n)
	}
	return a, nil
}

// isIn says whether a text of the program is a member of a category.
func (ds *Dataset) isIn(r *ir.Reader) *array.Array {
	a := array.New(ir.Bool)
	if c := ds.cats[r.Options["of"]]; c != nil {
		_, ok := c.ids[r.Paths[0].Text]
		a.U8[0] = oneIf(ok)
	}
	return a
}
