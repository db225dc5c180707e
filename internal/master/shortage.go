package master

import (
	"fmt"

	"rota/internal/kernel"
)

// What there is to say when there can't be another thread or process.

// shortage is what is known of the limits of those at some time.
type shortage []kernel.TaskLimit

// limitsOfTasks are those before something is tried that may fail.
func limitsOfTasks() shortage { return kernel.CgroupTaskLimits("/") }

// since says which limit has kept somebody from having more since then, or leaves nothing now; "" for none.
func (s shortage) since() string {
	for i, l := range kernel.TaskLimits("/") {
		refused := i < len(s) && s[i].Cgroup == l.Cgroup && l.Refused > s[i].Refused
		if refused || l.Free() == 0 {
			return DescribeTaskLimit(l)
		}
	}
	return ""
}

// DescribeTaskLimit says what the limit is.
func DescribeTaskLimit(l kernel.TaskLimit) string {
	if l.Cgroup == "" {
		return fmt.Sprintf("there can't be more threads and processes than the %d that the user may have (ulimit -u)", l.Most)
	}
	return fmt.Sprintf("there can't be more threads and processes than the %d that cgroup %s may have (pids.max)", l.Most, l.Cgroup)
}
