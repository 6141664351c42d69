package ir

import "fmt"

// Rows with regions or calls. Their derivatives and batches derive from their
// regions, in passes; here are their types and costs.

func init() {
	addRow(
		Row{
			Name: "call", Family: "control", Traits: Control, Attrs: CallAttrs{},
			Doc:  "Calls a function, or one that transforms of it stand for.",
			Type: callTypeGiven, TypeIn: callType, Eval: evalCall,
			Flops: flopsNone, // counted where the function stands
		},
		Row{
			Name: "cond", Family: "control", Traits: Control, Attrs: CondAttrs{},
			Doc:  "A branch. A predicate with dimensions chooses lane by lane, over the leading dimensions of every result.",
			Type: condType, Eval: evalCond,
			Flops: regionFlops(func(*Op) Dim { return N(1) }),
		},
		Row{
			Name: "scan", Family: "control", Traits: Control, Attrs: ScanAttrs{},
			Doc:  "An ordered loop with carries, over slices of its operands.",
			Type: scanType, Eval: evalScan,
			Flops: regionFlops(func(op *Op) Dim { return attrsOf[ScanAttrs](op).Count }),
		},
		Row{
			Name: "map", Family: "control", Traits: Control, Attrs: MapAttrs{},
			Doc:  "A comprehension: the same for every slice, in no order.",
			Type: mapType, Eval: evalMap,
			Flops: regionFlops(func(op *Op) Dim { return attrsOf[MapAttrs](op).Count }),
		},
		Row{
			Name: "fused", Family: "control", Traits: Control,
			Doc:  "Elementwise operations, broadcasts, constants and dimensions of size 1 that come or go, run as one loop.",
			Type: fusedType, Eval: evalFused,
			Flops: regionFlops(func(*Op) Dim { return N(1) }),
		},
	)
}

// callTypeGiven repeats the types of the results that the call has; callType
// is the rule.
func callTypeGiven(op *Op) ([]Type, error) {
	if op.Results == nil {
		return nil, fmt.Errorf("the type of a call is known in a module only")
	}
	ts := []Type{}
	for _, r := range op.Results {
		ts = append(ts, r.Type)
	}
	return ts, nil
}

func callType(m *Module, op *Op) ([]Type, error) {
	a, ok := op.Attrs.(CallAttrs)
	if !ok {
		return nil, fmt.Errorf("attributes are %T, expected %T", op.Attrs, a)
	}
	params, results, err := CallTypes(m, a)
	if err != nil {
		return nil, err
	}
	if err := wantCount(op, len(params)); err != nil {
		return nil, fmt.Errorf("@%s: %w", a.Fn, err)
	}
	for i, t := range params {
		if err := wantType(op, i, t); err != nil {
			return nil, fmt.Errorf("@%s: %w", a.Fn, err)
		}
	}
	return results, nil
}

// CallTypes is the types of the parameters and results of a function of m
// after the transforms asked for.
func CallTypes(m *Module, a CallAttrs) (params, results []Type, err error) {
	if m == nil || m.Func(a.Fn) == nil {
		return nil, nil, fmt.Errorf("no function @%s", a.Fn)
	}
	f := m.Func(a.Fn)
	for _, p := range f.Params() {
		params = append(params, p.Type)
	}
	for _, r := range f.Results() {
		results = append(results, r.Type)
	}
	for _, r := range a.Req {
		if params, results, err = r.types(params, results); err != nil {
			return nil, nil, fmt.Errorf("%s of @%s: %w", r.Kind, a.Fn, err)
		}
	}
	return params, results, nil
}

// types is the signature of the transformed function; see Request.
func (r Request) types(params, results []Type) (ps, rs []Type, err error) {
	if len(r.In) != len(params) {
		return nil, nil, fmt.Errorf("%d parameters marked of %d", len(r.In), len(params))
	}
	if r.Out != nil && len(r.Out) != len(results) {
		return nil, nil, fmt.Errorf("%d results marked of %d", len(r.Out), len(results))
	}
	ps, rs = append(ps, params...), append(rs, results...)
	switch r.Kind {
	case "batch":
		for i, on := range r.In {
			if on {
				ps[i] = ps[i].Lead(r.D)
			}
		}
		for i := range rs {
			rs[i] = rs[i].Lead(r.D)
		}
		return ps, rs, nil
	case "jvp":
		if ps, err = appendFloats(ps, params, r.In); err == nil {
			rs, err = appendFloats(rs, results, floatsOf(results))
		}
		return ps, rs, err
	case "vjp":
		out := r.Out
		if out == nil {
			out = floatsOf(results)
		}
		if ps, err = appendFloats(ps, results, out); err == nil {
			rs, err = appendFloats(rs, params, r.In)
		}
		return ps, rs, err
	}
	return nil, nil, fmt.Errorf("no such transform")
}

func floatsOf(ts []Type) []bool {
	on := make([]bool, len(ts))
	for i, t := range ts {
		on[i] = t.IsFloat()
	}
	return on
}

// appendFloats appends those of from that are marked, which must be floats.
func appendFloats(to, from []Type, on []bool) ([]Type, error) {
	for i, t := range from {
		if !on[i] {
			continue
		}
		if !t.IsFloat() {
			return nil, fmt.Errorf("%s has no derivative", t)
		}
		to = append(to, t)
	}
	return to, nil
}

// wantRegions checks the number of regions, and that their parameters are params.
func wantRegions(op *Op, n int, params []Type) error {
	if len(op.Regions) != n {
		return fmt.Errorf("takes %s, got %d", counted(n, "region"), len(op.Regions))
	}
	for i, r := range op.Regions {
		if len(r.Params) != len(params) {
			return fmt.Errorf("region %d has %s, expected %d", i, counted(len(r.Params), "parameter"), len(params))
		}
		for j, p := range r.Params {
			if !p.Type.Equal(params[j]) {
				return fmt.Errorf("parameter %d of region %d is %s, expected %s", j, i, p.Type, params[j])
			}
		}
	}
	return nil
}

// operandTypes is the types of operands from..to.
func operandTypes(vs []*Value) []Type {
	ts := make([]Type, len(vs))
	for i, v := range vs {
		ts[i] = v.Type
	}
	return ts
}

func condType(op *Op) ([]Type, error) {
	if len(op.Operands) == 0 {
		return nil, fmt.Errorf("takes a predicate")
	}
	if err := first(wantKind(op, 0, boolKind), wantRegions(op, 2, operandTypes(op.Operands[1:]))); err != nil {
		return nil, err
	}
	pred := op.typeOf(0)
	then, els := operandTypes(op.Regions[0].Results), operandTypes(op.Regions[1].Results)
	if len(then) != len(els) {
		return nil, fmt.Errorf("one side yields %s, the other %d", counted(len(then), "value"), len(els))
	}
	for i, t := range then {
		if !t.Equal(els[i]) {
			return nil, fmt.Errorf("result %d is %s on one side and %s on the other", i, t, els[i])
		}
		if !startsWith(t.Dims, pred.Dims) {
			return nil, fmt.Errorf("result %d is %s; it must begin with the dimensions of the predicate %s", i, t, pred)
		}
	}
	return then, nil
}

func startsWith(dims, front []Dim) bool {
	return len(dims) >= len(front) && EqualDims(dims[:len(front)], front)
}

// slicedTypes is the types of operands of which the last have count leading,
// which goes.
func slicedTypes(op *Op, whole, sliced int, count Dim) ([]Type, error) {
	if whole < 0 || sliced < 0 || len(op.Operands) != whole+sliced {
		return nil, fmt.Errorf("takes %s, got %d", counted(whole+sliced, "operand"), len(op.Operands))
	}
	ts := operandTypes(op.Operands)
	for i := whole; i < len(ts); i++ {
		if ts[i].Rank() == 0 || ts[i].Dims[0] != count {
			return nil, fmt.Errorf("operand %d is %s; its first dimension must be %s", i, ts[i], count)
		}
		ts[i] = ts[i].Inner()
	}
	return ts, nil
}

func scanType(op *Op) ([]Type, error) {
	a := attrsOf[ScanAttrs](op)
	params, err := slicedTypes(op, a.Captures+a.Carries, a.Xs, a.Count)
	if err != nil {
		return nil, err
	}
	if err := wantRegions(op, 1, params); err != nil {
		return nil, err
	}
	out := operandTypes(op.Regions[0].Results)
	if len(out) < a.Carries {
		return nil, fmt.Errorf("the region yields %s but there are %d carries", counted(len(out), "value"), a.Carries)
	}
	for i := range out {
		if i >= a.Carries {
			out[i] = out[i].Lead(a.Count)
		} else if c := params[a.Captures+i]; !out[i].Equal(c) {
			return nil, fmt.Errorf("carry %d enters as %s and leaves as %s", i, c, out[i])
		}
	}
	return out, nil
}

func mapType(op *Op) ([]Type, error) {
	a := attrsOf[MapAttrs](op)
	params, err := slicedTypes(op, a.Captures, a.Xs, a.Count)
	if err != nil {
		return nil, err
	}
	if err := wantRegions(op, 1, params); err != nil {
		return nil, err
	}
	out := operandTypes(op.Regions[0].Results)
	for i := range out {
		out[i] = out[i].Lead(a.Count)
	}
	return out, nil
}

func fusedType(op *Op) ([]Type, error) {
	if err := wantRegions(op, 1, operandTypes(op.Operands)); err != nil {
		return nil, err
	}
	for _, o := range op.Regions[0].Ops {
		if n := o.Row.Name; !o.Row.Has(Elementwise) && n != "broadcast" && n != "const" && !SamePoints(o) {
			return nil, fmt.Errorf("%s cannot be fused", n)
		}
	}
	return operandTypes(op.Regions[0].Results), nil
}

// SamePoints reports whether op is a reshape or broadcast that only adds or
// drops dimensions of size 1, so that its points are those of its operand.
func SamePoints(op *Op) bool {
	return (op.Row.Name == "reshape" || op.Row.Name == "broadcast") &&
		EqualDims(Significant(op.typeOf(0).Dims), Significant(op.Results[0].Type.Dims))
}

// regionFlops adds up the regions, times as often as they run; of the two
// sides of a branch both count, as both run where the predicate has dimensions.
func regionFlops(times func(op *Op) Dim) func(*Op, func(Dim) int64) int64 {
	return func(op *Op, size func(Dim) int64) int64 {
		n := int64(0)
		for _, r := range op.Regions {
			for _, o := range r.Ops {
				n += o.Row.Flops(o, size)
			}
		}
		return n * size(times(op))
	}
}
