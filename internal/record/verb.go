package record

// Promotes reports whether the verb has a reload go on from its canary.
func (v Verb) Promotes() bool { return v == VerbPromote || v == VerbSkipCanary }

// Verb is what a caller asks of a reload.
type Verb string

// The verbs. Asking twice changes nothing.
const (
	VerbAbort   Verb = "abort"   // go back to the previous generation
	VerbPause   Verb = "pause"   // start no further batch
	VerbResume  Verb = "resume"  // go on
	VerbPromote Verb = "promote" // end the pause after the canary, which is up

	VerbSkipCanary Verb = "skip canary" // promote it, or, if it is not up yet, do without it
)
