package account

import (
	"os"
	"os/user"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rota/internal/launch"
)

func TestUsersAndGroupsAreFoundByNameOrNumber(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"root", "0"} {
		a, err := LookUp(name, nil)
		require.NoError(t, err, name)
		require.Equal(t, "root", a.Name)
		require.Zero(t, a.UID)
		require.Zero(t, a.GID)
		require.Contains(t, a.Supplementary, 0, "the user's own groups")
	}
	a, err := LookUp("root", []string{"12", "0"})
	require.NoError(t, err)
	require.Equal(t, &launch.Account{Name: "root", GID: 12, Supplementary: []int{12, 0}}, a, "the first group is the primary one")
}

func TestANumberNeedsNoEntryInTheDatabase(t *testing.T) {
	t.Parallel()
	a, err := LookUp("1000650000", nil)
	require.NoError(t, err)
	a.Supplementary = slices.Compact(a.Supplementary)
	require.Equal(t, &launch.Account{Name: "1000650000", UID: 1000650000, GID: 1000650000, Supplementary: []int{1000650000}}, a)
}

func TestWorkersRunAsRotaDoesIfNothingIsAsked(t *testing.T) {
	t.Parallel()
	a, err := LookUp("", nil)
	require.NoError(t, err)
	require.Nil(t, a)
	a, err = LookUp("", []string{"0"})
	require.NoError(t, err)
	require.Equal(t, os.Getuid(), a.UID, "groups alone leave the user as it is")
}

func TestANameThatNobodyHasIsAMistake(t *testing.T) {
	t.Parallel()
	_, err := LookUp("no-such-user", nil)
	require.ErrorIs(t, err, user.UnknownUserError("no-such-user"))
	_, err = LookUp("root", []string{"no-such-group"})
	require.ErrorIs(t, err, user.UnknownGroupError("no-such-group"))
	_, _, err = LookUpOwner("no-such-user:0")
	require.ErrorIs(t, err, user.UnknownUserError("no-such-user"))
	_, _, err = LookUpOwner(":no-such-group")
	require.ErrorIs(t, err, user.UnknownGroupError("no-such-group"))
}

func TestAnOwnerIsAUserAGroupOrBoth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int{"": {-1, -1}, "root": {0, -1}, "1000650000": {1000650000, -1}, "root:12": {0, 12}, ":12": {-1, 12}} {
		uid, gid, err := LookUpOwner(text)
		require.NoError(t, err, text)
		require.Equal(t, want, [2]int{uid, gid}, text)
	}
}
