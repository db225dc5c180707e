package gauge

// losses is how much the kernel's two counters have grown.
type losses struct {
	counters         func() (overflows, drops uint64, err error)
	overflows, drops uint64 // at first
	err              error
}

func countLosses(counters func() (overflows, drops uint64, err error)) *losses {
	l := &losses{counters: counters}
	l.overflows, l.drops, l.err = counters()
	return l
}

func (l *losses) read() (overflows, drops int, known bool) {
	nowOverflows, nowDrops, err := l.counters()
	if l.err != nil || err != nil {
		return 0, 0, false
	}
	return int(nowOverflows - min(l.overflows, nowOverflows)), int(nowDrops - min(l.drops, nowDrops)), true
}
