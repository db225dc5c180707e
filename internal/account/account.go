// Package account finds users and groups by name or number.
package account

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"rota/internal/launch"
)

// LookUp finds a user and groups, each given by name or number. It returns nil if none is given:
// workers run as rota does.
func LookUp(name string, groups []string) (*launch.Account, error) {
	if name == "" && len(groups) == 0 {
		return nil, nil
	}
	u, err := LookUpUser(name)
	if err != nil {
		return nil, err // it names the user
	}
	own := []string{u.Gid}
	if len(groups) > 0 {
		own = groups
	} else if all, err := u.GroupIds(); err == nil {
		own = append(own, all...)
	}
	a := &launch.Account{Name: u.Username}
	if a.UID, err = strconv.Atoi(u.Uid); err != nil {
		return nil, fmt.Errorf("user: %s has the uid %q", u.Username, u.Uid)
	}
	for _, group := range own {
		gid, err := lookUpGroup(group)
		if err != nil {
			return nil, err
		}
		a.Supplementary = append(a.Supplementary, gid)
	}
	a.GID = a.Supplementary[0]
	return a, nil
}

// LookUpUser finds a user. A number needs no entry in the database, and "" is the user that rota runs as.
func LookUpUser(name string) (*user.User, error) {
	if name == "" {
		return user.Current()
	}
	u, err := user.Lookup(name)
	if err == nil {
		return u, nil
	}
	if _, numeric := strconv.ParseUint(name, 10, 32); numeric != nil {
		return nil, err
	}
	if u, err := user.LookupId(name); err == nil {
		return u, nil
	}
	return &user.User{Uid: name, Gid: name, Username: name}, nil
}

func lookUpGroup(name string) (int, error) {
	if gid, err := strconv.ParseUint(name, 10, 32); err == nil {
		return int(gid), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}

// LookUpOwner reads user, user:group or :group; -1 means unchanged.
func LookUpOwner(owner string) (uid, gid int, err error) {
	uid, gid = -1, -1
	name, group, _ := strings.Cut(owner, ":")
	if name != "" {
		u, err := LookUpUser(name)
		if err != nil {
			return 0, 0, err
		}
		if uid, err = strconv.Atoi(u.Uid); err != nil {
			return 0, 0, err
		}
	}
	if group != "" {
		var failed error
		gid, failed = lookUpGroup(group)
		err = errors.Join(err, failed)
	}
	return uid, gid, err
}
