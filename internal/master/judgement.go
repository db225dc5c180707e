package master

// Judgement is what a receipt comes to.
type Judgement struct {
	Lossless *bool    // nil: it is unknown, and Unproven says why
	Losses   []string // why not, a sentence each. There may be some before the reload has ended
	Unproven []string // why it is unknown, a sentence each; none if Lossless is true or false
}

// Judge says whether the reload was lossless, as far as is known by now. A loss that was seen makes it false once the reload
// has ended, whatever else is unknown. Without one, a single reason for doubt keeps it from being true.
func (r *Reload) Judge() Judgement {
	j := Judgement{Losses: r.Losses()}
	switch {
	case !r.State.Terminal():
		j.Unproven = []string{"the reload has not ended"}
	case len(j.Losses) > 0:
		j.Lossless = new(false)
	default:
		j.Unproven = r.doubts()
		if len(j.Unproven) == 0 {
			j.Lossless = new(true)
		}
	}
	return j
}

// doubts says in one sentence each why nobody knows whether a reload that has ended, and of which no loss was seen, was lossless. Who
// finds another reason adds a line, with a field of the receipt that says when it holds.
func (r *Reload) doubts() []string {
	var list []string
	say := func(holds bool, sentence string) {
		if holds {
			list = append(list, sentence)
		}
	}
	say(!r.Served, "no worker served while it ran, so nothing was measured")
	say(r.Leaving > 0, plural(r.Leaving, "worker that it told to leave is", "workers that it told to leave are")+" not gone yet")
	return list
}
