package admin

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"rota/internal/kernel"
	"rota/internal/listen"
)

// order sorts connections by one field, and by id where that is equal, so that no two are equal.
type order struct {
	sortField
	name       string // as given, with its sign
	descending bool
}

// sortField is a field by which connections can be sorted.
type sortField struct {
	key   func(*listen.Connection) sortKey
	fixed bool // never changes while the connection lives, so that there can be pages
}

// sortKey is a field's value: numbers use the one, texts the other. -1 is an unknown number
// and comes before the known ones.
type sortKey struct {
	number int64
	text   string
}

type row struct {
	key        sortKey
	connection *listen.Connection
}

func (o order) compare(a sortKey, aID uint64, b sortKey, bID uint64) int {
	c := cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.text, b.text))
	c = cmp.Or(c, cmp.Compare(aID, bID))
	if o.descending {
		return -c
	}
	return c
}

func fixedText(read func(*listen.Connection) string) sortField {
	return sortField{key: func(c *listen.Connection) sortKey { return sortKey{text: read(c)} }, fixed: true}
}

func movingText(read func(*listen.Connection) string) sortField {
	return sortField{key: func(c *listen.Connection) sortKey { return sortKey{text: read(c)} }}
}

func queue(read func(*listen.Connection) uint32) sortField {
	return sortField{key: func(c *listen.Connection) sortKey { return sortKey{number: int64(read(c))} }}
}

func ofTCP(read func(*kernel.TCPInfo) int64) sortField {
	return sortField{key: func(c *listen.Connection) sortKey {
		if c.TCP == nil {
			return sortKey{number: -1}
		}
		return sortKey{number: read(c.TCP)}
	}}
}

var sortFields = map[string]sortField{
	"id":         {key: func(*listen.Connection) sortKey { return sortKey{} }, fixed: true}, // the id decides
	"worker_id":  fixedText(func(c *listen.Connection) string { return c.WorkerID }),
	"listener":   fixedText(func(c *listen.Connection) string { return c.Listener }),
	"remote":     fixedText(func(c *listen.Connection) string { return c.Remote }),
	"local":      fixedText(func(c *listen.Connection) string { return c.Local }),
	"tcp_state":  movingText(func(c *listen.Connection) string { return c.TCPState }),
	"state":      movingText(func(c *listen.Connection) string { return string(c.State()) }),
	"recv_queue": queue(func(c *listen.Connection) uint32 { return c.RecvQueue }),
	"send_queue": queue(func(c *listen.Connection) uint32 { return c.SendQueue }),
	"idle_ms":    ofTCP(func(t *kernel.TCPInfo) int64 { return t.Idle.Milliseconds() }),
	"bytes_in":   ofTCP(func(t *kernel.TCPInfo) int64 { return int64(t.BytesIn) }),
	"bytes_out":  ofTCP(func(t *kernel.TCPInfo) int64 { return int64(t.BytesOut) }),
	"rtt_us":     ofTCP(func(t *kernel.TCPInfo) int64 { return t.RTT.Microseconds() }),
}

func readOrder(q query) (order, error) {
	name, given := q["sort"]
	if !given {
		name = "id"
	}
	text, descending := strings.CutPrefix(name, "-")
	field, ok := sortFields[text]
	if !ok {
		fields := slices.Sorted(maps.Keys(sortFields))
		p := badField("sort", "%.60q is none of %s, with or without a - in front", name, strings.Join(fields, ", "))
		p.Allowed = fields
		return order{}, p
	}
	return order{sortField: field, name: name, descending: descending}, nil
}

// fixedFields are the fields whose orders have pages.
func fixedFields() []string {
	fields := slices.Collect(maps.Keys(sortFields))
	return slices.Sorted(slices.Values(slices.DeleteFunc(fields, func(name string) bool { return !sortFields[name].fixed })))
}
