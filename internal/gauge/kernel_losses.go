package gauge

// kernelLosses is how much the kernel's two counters have grown since the gauge began.
type kernelLosses struct {
	counters         func() (overflows, drops uint64, err error)
	overflows, drops uint64 // at first
	err              error
}

func countLosses(counters func() (overflows, drops uint64, err error)) *kernelLosses {
	l := &kernelLosses{counters: counters}
	l.overflows, l.drops, l.err = counters()
	return l
}

func (l *kernelLosses) read() (overflows, drops int, known bool) {
	nowOverflows, nowDrops, err := l.counters()
	if l.err != nil || err != nil {
		return 0, 0, false
	}
	return int(nowOverflows - min(l.overflows, nowOverflows)), int(nowDrops - min(l.drops, nowDrops)), true
}
