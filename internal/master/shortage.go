package master

import (
	"fmt"

	"rota/internal/kernel"
)

// shortage is the state of the limits of threads and processes at some time.
type shortage []kernel.TaskLimit

// limitsOfTasks is the state before an attempt that may fail.
func limitsOfTasks() shortage { return kernel.CgroupTaskLimits("/") }

// since says which limit has refused a thread or process since then, or leaves no room now; "" for none.
func (s shortage) since() string {
	for i, l := range kernel.TaskLimits("/") {
		refused := i < len(s) && s[i].Cgroup == l.Cgroup && l.Refused > s[i].Refused
		if refused || l.Free() == 0 {
			return DescribeTaskLimit(l)
		}
	}
	return ""
}

// DescribeTaskLimit says which limit it is and how high.
func DescribeTaskLimit(l kernel.TaskLimit) string {
	if l.Cgroup == "" {
		return fmt.Sprintf("there can't be more threads and processes than the %d that the user may have (ulimit -u)", l.Most)
	}
	return fmt.Sprintf("there can't be more threads and processes than the %d that cgroup %s may have (pids.max)", l.Most, l.Cgroup)
}
