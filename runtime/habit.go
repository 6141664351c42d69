package runtime

import (
	"slices"
	"time"
)

// habit is what a function bound to sizes has learnt of sharing: from which
// cost on its jobs are offered to helpers. What sharing a job costs those
// behind it, whose rows then lie in the cache of another core, shows in none of
// them but in the whole. So whole runs are timed under each bound in turn, and
// the fastest is kept for a while.
type habit struct {
	bound int // the one at hand, of bounds
	phase phase
	left  int // runs of the phase that are to come
	runs  int // and all of them

	began   time.Duration // of the run at hand, where it is timed
	spent   time.Duration // by the runs of the phase
	round   time.Duration // by those of the trials so far
	done    int           // trials of each bound, of the round
	samples [len(bounds)][trials]time.Duration
}

type phase uint8

const (
	settling phase = iota // helpers wake and rows move
	timing
	keeping
)

// bounds are costs from which jobs are shared. A job as long as the last is
// always worth it; where it seems not to be, another process had the core.
var bounds = [...]time.Duration{worthHot, 8 * time.Microsecond, 24 * time.Microsecond, 128 * time.Microsecond}

const (
	trials     = 5                      // of each bound in a round
	trialSpan  = 250 * time.Microsecond // of each phase of a trial
	longRun    = 5 * time.Millisecond   // from which runs are not tried: moved rows do not matter
	keepRounds = 20                     // times as long as a round its result is kept
	bonus      = 32                     // jobs are shared where that gains more than such a part
)

// least is the cost from which jobs of the coming run are shared.
func (h *habit) least(p *pool) time.Duration {
	if h.phase != keeping {
		h.began = p.now()
	}
	return bounds[h.bound]
}

// ran is called behind each run.
func (h *habit) ran(p *pool) {
	if h.phase != keeping {
		h.spent += p.now() - h.began
	}
	if h.left--; h.left > 0 {
		return
	}
	each := h.spent / time.Duration(max(h.runs, 1))
	h.round += h.spent
	switch {
	case h.phase == keeping:
		h.round, h.done, h.bound = 0, 0, 0
		h.enter(settling, 1)
	case each > longRun:
		h.bound = 0
		h.enter(keeping, keepRounds)
	case h.phase == settling && (h.spent < trialSpan || p.ledger.rest > 0):
		h.left = 1 // go on
		h.runs++
	case h.phase == settling:
		h.enter(timing, int(trialSpan/max(each, 1)))
	case p.ledger.rest > 0: // jobs were done alone for another reason
		h.enter(settling, 1)
	default:
		h.took(each)
	}
}

func (h *habit) enter(p phase, runs int) {
	h.phase, h.left, h.runs, h.spent = p, max(runs, 1), max(runs, 1), 0
}

// took is the end of a trial: on to the next, or to a decision.
func (h *habit) took(each time.Duration) {
	h.samples[h.bound][h.done] = each
	if h.bound++; h.bound < len(bounds) {
		h.enter(settling, 1)
		return
	}
	h.bound = 0
	if h.done++; h.done < trials {
		h.enter(settling, 1)
		return
	}
	best, least := len(bounds)-1, time.Duration(0)
	for b := best; b >= 0; b-- {
		s := h.samples[b]
		slices.Sort(s[:])
		if m := s[trials/2]; b == len(bounds)-1 || m < least-least/bonus {
			best, least = b, m
		}
	}
	h.bound = best
	h.enter(keeping, int(keepRounds*h.round/max(least, 1)))
}
