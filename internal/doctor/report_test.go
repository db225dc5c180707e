package doctor

import (
	"bytes"
	"encoding/xml"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var someReport = Report{
	Began: time.Date(2026, 11, 22, 8, 0, 0, 0, time.FixedZone("", 3600)),
	Results: []Result{
		{Check: "takes the socket", Outcome: Pass, Took: 1500 * time.Millisecond},
		{Check: "answers under load", Outcome: Pass, Detail: "HTTP", Took: time.Second},
		{Check: "finishes requests in flight", Outcome: Fail, Detail: `it said "<no>"`},
		{Check: "keeps the unix socket's file", Outcome: Skip, Detail: "it was examined on TCP"},
	},
}

func TestAResultIsALine(t *testing.T) {
	require.Equal(t, "pass  takes the socket", someReport.Results[0].String())
	require.Equal(t, `fail  finishes requests in flight: it said "<no>"`, someReport.Results[2].String())
	require.Equal(t, "2 passed, 1 failed, 1 skipped", someReport.String())
}

func TestAReportIsJUnitToo(t *testing.T) {
	type said struct {
		Text string `xml:"message,attr"`
	}
	type testcase struct {
		Class   string  `xml:"classname,attr"`
		Name    string  `xml:"name,attr"`
		Time    float64 `xml:"time,attr"`
		Failure *said   `xml:"failure"`
		Skipped *said   `xml:"skipped"`
		Output  string  `xml:"system-out"`
	}
	var read struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   struct {
			Name      string     `xml:"name,attr"`
			Tests     int        `xml:"tests,attr"`
			Failures  int        `xml:"failures,attr"`
			Skipped   int        `xml:"skipped,attr"`
			Time      float64    `xml:"time,attr"`
			Timestamp string     `xml:"timestamp,attr"`
			Cases     []testcase `xml:"testcase"`
		} `xml:"testsuite"`
	}
	var file bytes.Buffer
	require.NoError(t, someReport.WriteJUnit(&file, "server"))
	require.NoError(t, xml.Unmarshal(file.Bytes(), &read), file.String())
	suite := read.Suite
	require.Equal(t, "rota doctor", suite.Name)
	require.Equal(t, []int{4, 1, 1}, []int{suite.Tests, suite.Failures, suite.Skipped})
	require.InDelta(t, 2.5, suite.Time, 0.001)
	require.Equal(t, "2026-11-22T07:00:00", suite.Timestamp)
	require.Equal(t, []testcase{
		{Class: "server", Name: "takes the socket", Time: 1.5},
		{Class: "server", Name: "answers under load", Time: 1, Output: "HTTP"},
		{Class: "server", Name: "finishes requests in flight", Failure: &said{`it said "<no>"`}},
		{Class: "server", Name: "keeps the unix socket's file", Skipped: &said{"it was examined on TCP"}},
	}, suite.Cases)
}
