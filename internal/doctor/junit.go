package doctor

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// The elements of a JUnit report, as far as CI systems agree on them.
type (
	testSuites struct {
		XMLName xml.Name  `xml:"testsuites"`
		Suite   testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name      string     `xml:"name,attr"`
		Tests     int        `xml:"tests,attr"`
		Failures  int        `xml:"failures,attr"`
		Errors    int        `xml:"errors,attr"`
		Skipped   int        `xml:"skipped,attr"`
		Time      string     `xml:"time,attr"`
		Timestamp string     `xml:"timestamp,attr"`
		Cases     []testCase `xml:"testcase"`
	}
	testCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    string   `xml:"time,attr"`
		Failure *message `xml:"failure"`
		Skipped *message `xml:"skipped"`
		Output  string   `xml:"system-out,omitempty"`
	}
	message struct {
		Text string `xml:"message,attr"`
	}
)

// WriteJUnit writes the report on a program as JUnit XML.
func (r Report) WriteJUnit(w io.Writer, program string) error {
	suite := testSuite{
		Name:      "rota doctor",
		Tests:     len(r.Results),
		Failures:  r.Count(Fail),
		Skipped:   r.Count(Skip),
		Timestamp: r.Began.UTC().Format("2006-01-02T15:04:05"),
	}
	var total time.Duration
	for _, result := range r.Results {
		total += result.Took
		suite.Cases = append(suite.Cases, result.testCase(program))
	}
	suite.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(testSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r Result) testCase(program string) testCase {
	c := testCase{Class: program, Name: r.Check, Time: seconds(r.Took)}
	switch r.Outcome {
	case Fail:
		c.Failure = &message{r.Detail}
	case Skip:
		c.Skipped = &message{r.Detail}
	case Pass:
		c.Output = r.Detail
	}
	return c
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
