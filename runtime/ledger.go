package runtime

import "time"

// ledger is what the caller has gained and lost by sharing jobs. A helper that
// the system takes its core from while it holds a task keeps the caller
// waiting for milliseconds, and one that only waits takes the core from
// others, perhaps from the caller. When sharing loses more than it gains the
// caller works alone for a while, and longer if it then loses again.
type ledger struct {
	balance time.Duration // gains less losses, gains up to a limit
	trial   time.Duration // gains less losses since the caller last worked alone
	rest    time.Duration // work that is still to be done alone
	pause   time.Duration // how much that was the last time
	looking bool          // the rest is a glance, not a pause

	shared   time.Duration // time of shared jobs since costs were last looked at
	patience time.Duration // after how much of it they are looked at again
}

const (
	mostCredit = 200 * time.Microsecond
	mostDebt   = 100 * time.Microsecond
	shortPause = 4 * time.Millisecond
	longPause  = 500 * time.Millisecond

	glance    = time.Millisecond // work that is done alone to see what it costs
	firstLook = time.Millisecond // when, and the longest until it is done again
	lastLook  = 64 * time.Millisecond
)

// alone reports whether work of this cost is to be done alone. A job longer
// than a glance is not done alone to see what it costs: that would be half of
// its time, and moved rows are little of it.
func (l *ledger) alone(cost time.Duration) bool {
	if l.rest <= 0 {
		return false
	}
	if l.looking && cost > glance {
		l.rest, l.looking = 0, false
		return false
	}
	if l.rest -= cost; l.rest <= 0 {
		l.balance, l.trial = 0, 0
	}
	return true
}

// enter notes a shared job: what it costs on one core and what it took.
func (l *ledger) enter(cost, took time.Duration) {
	l.trial += cost - took
	l.balance = min(l.balance+cost-took, mostCredit)
	if l.balance > -mostDebt {
		return
	}
	switch {
	case l.pause == 0 || l.trial > 0:
		l.pause = shortPause
	default:
		l.pause = min(2*l.pause, longPause)
	}
	l.rest, l.looking = l.pause, false
}

// review has the caller work alone for a moment, now and then. Only so does it
// see what jobs cost on one core: shared ones find half of what they read in
// the cache of another core, and take twice as long in all. A single job alone
// among shared ones would too.
func (l *ledger) review(took time.Duration) {
	if l.shared += took; l.rest > 0 || l.shared < max(l.patience, firstLook) {
		return
	}
	l.shared, l.patience = 0, min(2*max(l.patience, firstLook), lastLook)
	l.rest, l.looking = glance, true
}
