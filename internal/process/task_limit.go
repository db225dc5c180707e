package process

import (
	"fmt"

	"rota/internal/headroom"
)

// TaskLimits is the state of the limits of threads and processes at some time.
type TaskLimits []headroom.TaskLimit

// CurrentTaskLimits is taken before an attempt that may fail.
func CurrentTaskLimits() TaskLimits { return headroom.CgroupTasks("/") }

// Shortage says which limit has refused a thread or process since the state was taken, or leaves no room now;
// "" for none.
func (s TaskLimits) Shortage() string {
	for i, l := range headroom.Tasks("/") {
		refused := i < len(s) && s[i].Cgroup == l.Cgroup && l.Refused > s[i].Refused
		if refused || l.Free() == 0 {
			return DescribeTaskLimit(l)
		}
	}
	return ""
}

// DescribeTaskLimit says which limit it is and how high.
func DescribeTaskLimit(l headroom.TaskLimit) string {
	if l.Cgroup == "" {
		return fmt.Sprintf("there can't be more threads and processes than the %d that the user may have (ulimit -u)", l.Most)
	}
	return fmt.Sprintf("there can't be more threads and processes than the %d that cgroup %s may have (pids.max)", l.Most, l.Cgroup)
}
