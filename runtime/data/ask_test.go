package data

import (
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// What is asked of a text; the hash is part of the format of splits.
func TestAskText(t *testing.T) {
	for _, c := range []struct {
		in    string
		steps []ir.TextStep
		text  string
		n     int64
	}{
		{"Grüße", []ir.TextStep{{Op: "lower"}}, "grüße", 0},
		{"Grüße", []ir.TextStep{{Op: "length"}}, "", 5},
		{"", []ir.TextStep{{Op: "length"}}, "", 0},
		{"a-bc-", []ir.TextStep{{Op: "part", Arg: "-", N: 1}}, "bc", 0},
		{"a-bc-", []ir.TextStep{{Op: "part", Arg: "-", N: 2}}, "", 0},
		{"a-bc-", []ir.TextStep{{Op: "part", Arg: "-", N: 7}}, "", 0},
		{"a-bc-", []ir.TextStep{{Op: "parts", Arg: "-"}}, "", 3},
		{"", []ir.TextStep{{Op: "parts", Arg: "-"}}, "", 1},
		{"x:FREE y", []ir.TextStep{{Op: "part", Arg: ":", N: 1}, {Op: "lower"}, {Op: "matches", Arg: "^free\\b"}}, "", 1},
		{"ann", []ir.TextStep{{Op: "is", Arg: "ann"}}, "", 1},
		{"Ann", []ir.TextStep{{Op: "is", Arg: "ann"}}, "", 0},
		{"", []ir.TextStep{{Op: "hash"}}, "", int64(ir.Mix(0, 0))},
		{"ann", []ir.TextStep{{Op: "hash"}}, "", int64(ir.Mix(ir.Mix(0, 0x6e6e61), 3))},
		{"abcdefghi", []ir.TextStep{{Op: "hash"}}, "", int64(ir.Mix(ir.Mix(ir.Mix(0, 0x6867666564636261), 'i'), 9))},
	} {
		steps, err := stepsOf(c.steps)
		if err != nil {
			t.Fatal(err)
		}
		if text, n := askText(steps, []byte(c.in)); string(text) != c.text || n != c.n {
			t.Errorf("%q asked %v: %q and %d, not %q and %d", c.in, c.steps, text, n, c.text, c.n)
		}
	}
	if _, err := stepsOf([]ir.TextStep{{Op: "matches", Arg: "("}}); err == nil {
		t.Error("a wrong regular expression passes")
	}
}
