package view

// Problem is an error (RFC 9457). Its type is always about:blank: the status says what kind of
// error it is, and its own members say what it is about.
type Problem struct {
	Type         string   `json:"type"`
	Title        string   `json:"title"`
	Status       int      `json:"status"`
	Detail       string   `json:"detail"`                  // what is wrong and what to do
	Field        string   `json:"field,omitempty"`         // the member, parameter or header that is wrong
	Allowed      []string `json:"allowed,omitempty"`       // what would be right instead
	Reload       *Reload  `json:"reload,omitempty"`        // the reload that was waited for
	Output       []string `json:"output,omitempty"`        // last lines of the worker that failed it
	Reasons      []string `json:"reasons,omitempty"`       // why the pool is not ready
	CrashLooping []int    `json:"crash_looping,omitempty"` // slots
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }
