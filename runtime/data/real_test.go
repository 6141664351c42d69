package data

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/dfc-lang/dfc/ir"
)

// Real files, read whole.

func housing() *ir.Module {
	var fs []ir.Field
	for _, n := range []string{"longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population", "households", "median_income", "median_house_value"} {
		fs = append(fs, num(n, ir.F32))
	}
	fs[4].Optional = true
	fs = append(fs, member("ocean_proximity", "Proximity"))
	return module(
		catNode("Proximity", "Houses.ocean_proximity"),
		tableNode("Houses", reader("csv", "housing1000.csv.gz"), fs...),
		derive("Train", &ir.Derive{Op: "split", Of: "Houses", Fractions: []float64{0.7, 0.1, 0.2}, Seed: 7}),
		derive("Valid", &ir.Derive{Op: "split", Of: "Houses", Fractions: []float64{0.7, 0.1, 0.2}, Seed: 7, Part: 1}),
		derive("Test", &ir.Derive{Op: "split", Of: "Houses", Fractions: []float64{0.7, 0.1, 0.2}, Seed: 7, Part: 2}),
	)
}

func TestHousing(t *testing.T) {
	ds := mustOpen(t, housing(), Options{})
	s := ds.Sizes()
	if s["Houses"] != 1000 || s["Train"]+s["Valid"]+s["Test"] != 1000 {
		t.Fatalf("sizes %v", s)
	}
	if s["Train"] < 650 || s["Train"] > 750 {
		t.Errorf("Train has %d rows", s["Train"])
	}
	cols, _, rows := all(t, ds, "Houses", OrderSpec{}, 64, f32s("longitude"), f32s("total_bedrooms"), bools("total_bedrooms?"), index("ocean_proximity", "Proximity"))
	if len(rows) != 1000 || cols[0].F32[0] != -122.23 || cols[1].F32[0] != 129 {
		t.Errorf("first row %v %v", cols[0].F32[0], cols[1].F32[0])
	}
	holes := 0
	for i, v := range cols[2].U8 {
		if v == 0 {
			holes++
			if cols[1].F32[i] != 0 {
				t.Errorf("row %d is missing and reads %v", i, cols[1].F32[i])
			}
		}
	}
	if r := ds.Report(); holes == 0 || r.Tables[0].Holes["total_bedrooms"] != int64(holes) {
		t.Errorf("%d holes, report %+v", holes, r)
	}
	if got := ds.Categories()["Proximity"]; !reflect.DeepEqual(got, []string{"<1H OCEAN", "INLAND", "NEAR BAY"}) {
		t.Errorf("category %q", got)
	}
	if name, _ := ds.TextOf("Proximity", int64(cols[3].I32[0])); name != "NEAR BAY" {
		t.Errorf("first house is %s", name)
	}
}

func TestPenguins(t *testing.T) {
	m := module(catNode("Penguins.species", "Penguins.species"), catNode("Penguins.sex", "Penguins.sex"),
		tableNode("Penguins", reader("csv", "penguins.csv"), member("species", "Penguins.species"), opt(num("body_mass_g", ir.I32)),
			opt(member("sex", "Penguins.sex")), str("island")))
	ds := mustOpen(t, m, Options{})
	cols, tx, _ := all(t, ds, "Penguins", OrderSpec{}, 50, index("sex", "Penguins.sex"), bools("sex?"), texts("island"), req("body_mass_g", ir.ScalarOf(ir.I32)))
	if n := ds.Sizes()["Penguins"]; n != 344 || tx[2][0] != "Torgersen" || len(tx[2]) != 344 {
		t.Errorf("%d rows, island %q", n, tx[2][0])
	}
	if got := ds.Categories()["Penguins.sex"]; !reflect.DeepEqual(got, []string{"FEMALE", "MALE"}) {
		t.Errorf("sexes %q", got)
	}
	if fmt.Sprint(cols[0].I32[:4], cols[1].U8[:4], cols[3].I32[:4]) != "[1 0 0 0] [1 1 1 0] [3750 3800 3250 0]" {
		t.Error(cols[0].I32[:4], cols[1].U8[:4], cols[3].I32[:4])
	}
}

func TestSMSWithoutQuotes(t *testing.T) {
	kind := ir.Field{Name: "kind", Type: ir.IndexOf(ir.Sym("Kind")), Category: "Kind"}
	m := module(catNode("Kind", "Messages.kind"), tableNode("Messages",
		reader("csv", "sms300.tsv.gz", "separator", "\t", "quote", "none", "header", "none"), kind, str("text")))
	ds := mustOpen(t, m, Options{})
	if n := ds.Sizes()["Messages"]; n != 300 {
		t.Errorf("%d messages", n)
	}
	_, tx, _ := all(t, ds, "Messages", OrderSpec{}, 7, texts("text"))
	if tx[0][1] != "Ok lar... Joking wif u oni..." {
		t.Errorf("%q", tx[0][1])
	}
}
