package passes

import "testing"

func TestReach(t *testing.T) {
	m := parse(t, `
func @g(%0: f64, %1: f64) -> f64, f64 {
  %2 = round %0 : f64
  %3 = mul %0, %1 : f64
  return %2, %3
}
func @f(%0: f64, %1: f64, %2: f64, %3: f64, %4: f64, %5: f64[3], %6: f64) -> f64 {
  %7 = const {t f64, f [0]} : f64
  %8 = cmp %0, %7 {pred "lt"} : bool
  %9 = select %8, %1, %7 : f64
  %10 = cmp %2, %7 {pred "lt"} : bool
  %11 = convert %10 {k f64} : f64
  %12, %13 = call @g %3, %4 : f64, f64
  %14 = argmax %5 {axis 0} : index<3>
  %15 = gather %5, %14 {axis 0, batch_dims 0} : f64
  %16 = convert %14 {k f64} : f64
  %17 = add %9, %11 : f64
  %18 = add %17, %12 : f64
  %19 = add %18, %13 : f64
  %20 = add %19, %15 : f64
  %21 = add %20, %16 : f64
  return %21
}`)
	got := Reach(m, "f", []int{0, 1, 2, 3, 4, 5, 6})
	want := []struct {
		live bool
		cut  string
	}{{false, ""}, {true, ""}, {false, "cmp"}, {true, "round"}, {true, ""}, {true, "argmax"}, {false, ""}}
	for i, w := range want {
		kind := ""
		if got[i].Cut != nil {
			kind = got[i].Cut.Kind
		}
		if got[i].Live != w.live || kind != w.cut {
			t.Errorf("parameter %d: live %v cut %q, want %v %q", i, got[i].Live, kind, w.live, w.cut)
		}
	}
}

// TestMeantCut: what the program stops is no fault, whatever stands before it.
func TestMeantCut(t *testing.T) {
	m := parse(t, `
func @f(%0: f64) -> f64 {
  %1 = round %0 : f64
  %2 = stop %1 {reason ""} : f64
  %3 = add %0, %2 : f64
  return %3
}`)
	if got := Reach(m, "f", []int{0})[0]; !got.Live || !got.Cut.meant() {
		t.Errorf("%+v", got)
	}
}

func TestContract(t *testing.T) {
	m := parse(t, training)
	if list := Contract(m, m.Node("fit")); len(list) > 0 {
		t.Error(list)
	}
	m.Func("loss").Inputs[0].Bind, m.Func("penalty").Inputs[0].Bind = "other", "other"
	if list := Contract(m, m.Node("fit")); len(list) != 1 || list[0].Code != codeAbsent {
		t.Error(list)
	}
}

// TestPenaltyReaches: a parameter of the penalty alone is trained, and cuts of
// the loss and of the penalty are told apart.
func TestPenaltyReaches(t *testing.T) {
	m := parse(t, training)
	m.Func("loss").Inputs[0].Bind = "other"
	if list := Contract(m, m.Node("fit")); len(list) != 0 {
		t.Error(list)
	}
	for _, n := range m.Nodes {
		if n.Name != "fit" && len(Contract(m, n)) > 0 {
			t.Errorf("node %s", n.Name)
		}
	}
}

// reachCases say what becomes of parameter 0 on the way to result 0.
var reachCases = []struct {
	name, text, want string // "live", "cut ROW", "live, cut ROW", "meant", "nothing"
}{
	{"through a loop's carry, beside a cut", `
func @f(%0: f64, %1: f64[4]) -> f64 {
  %2 = scan %0, %0, %1 {count 4, captures 1, carries 1, xs 1} (%3: f64, %4: f64, %5: f64) {
    %6 = floor %3 : f64
    %7 = mul %6, %4 : f64
    %8 = add %7, %5 : f64
    yield %8
  } : f64
  return %2
}`, "live, cut floor"},
	{"only by a branch's predicate", `
func @f(%0: f64, %1: f64) -> f64 {
  %2 = cmp %0, %1 {pred "lt"} : bool
  %3 = cond %2, %1 (%4: f64) {
    yield %4
  } (%5: f64) {
    %6 = neg %5 : f64
    yield %6
  } : f64
  return %3
}`, "nothing"},
	{"through one side of a branch in a comprehension", `
func @f(%0: f64, %1: f64[3]) -> f64 {
  %2 = map %0, %1 {count 3, captures 1, xs 1} (%3: f64, %4: f64) {
    %5 = cmp %4, %3 {pred "lt"} : bool
    %6 = cond %5, %3, %4 (%7: f64, %8: f64) {
      %9 = round %7 : f64
      yield %9
    } (%10: f64, %11: f64) {
      %12 = mul %10, %11 : f64
      yield %12
    } : f64
    yield %6
  } : f64[3]
  %13 = reduce_sum %2 {axes [0]} : f64
  return %13
}`, "live, cut round"},
	{"gathered by an index that is computed from it", `
func @f(%0: f64[3]) -> f64 {
  %1 = argmax %0 {axis 0} : index<3>
  %2 = gather %0, %1 {axis 0, batch_dims 0} : f64
  return %2
}`, "live"},
	{"cut in a function, then stopped by one", `
func @g(%0: f64) -> f64 {
  %1 = round %0 : f64
  return %1
}
func @h(%0: f64) -> f64 {
  %1 = stop %0 {reason ""} : f64
  return %1
}
func @f(%0: f64, %1: f64) -> f64 {
  %2 = call @g %0 : f64
  %3 = call @h %2 : f64
  %4 = add %3, %1 : f64
  return %4
}`, "meant"},
	{"in a derivative that the loss takes", `
func @g(%0: f64, %1: f64) -> f64 {
  %2 = mul %0, %1 : f64
  %3 = sin %2 : f64
  return %3
}
func @f(%0: f64, %1: f64) -> f64 {
  %2 = const {t f64, f [1]} : f64
  %3, %4 = call @g !vjp{in 0b01, out 0b1} %0, %1, %2 : f64, f64
  return %4
}`, "live"},
}

func TestReachCases(t *testing.T) {
	for _, c := range reachCases {
		t.Run(c.name, func(t *testing.T) {
			got, has := Reach(parse(t, c.text), "f", []int{0})[0], "nothing"
			switch {
			case got.Cut != nil && got.Cut.meant():
				has = "meant"
			case got.Live && got.Cut != nil:
				has = "live, cut " + got.Cut.Kind
			case got.Live:
				has = "live"
			case got.Cut != nil:
				has = "cut " + got.Cut.Kind
			}
			if has != c.want {
				t.Errorf("%s, want %s", has, c.want)
			}
		})
	}
}
