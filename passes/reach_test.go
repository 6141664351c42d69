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
	m.Func("loss").Inputs[0].Bind = "other"
	if list := Contract(m, m.Node("fit")); len(list) != 1 || list[0].Code != codeAbsent {
		t.Error(list)
	}
}
