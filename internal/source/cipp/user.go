package cipp

import (
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/source/jsontree"
)

// userNames are the fields in which CIPP's alerts name the affected user. [A]
// RecipientAddress stands before SenderAddress: where a row has both, the
// sender is a stranger.
var userNames = []string{
	"UserPrincipalName", "UPN", "Owner", "User", "RecipientAddress", "SenderAddress", "PotentialUserName",
	"ReporterEmail", "RequestUser", "MemberName", "ownerPrincipalName", "userId", "Userkey", "Member",
}

// displayNames are the fields with the user's display name. [A]
var displayNames = []string{"DisplayName", "PotentialUserDisplayName", "ReportedBy"}

// userOf finds the one user whom a row is about. A row about several has none.
func userOf(v jsontree.Value, s *spec) alert.User {
	names := userNames
	if s != nil && s.User != "" {
		names = []string{s.User}
	}
	if s != nil && s.NoUser {
		return alert.User{}
	}
	var u alert.User
	for _, name := range names {
		if u = person(v.Get(name)); u != (alert.User{}) {
			break
		}
	}
	if s != nil && s.UserInMessage && u == (alert.User{}) {
		u = onlyUPN(v.Str("Message"))
	}
	if s != nil && s.UserID != "" && u.ObjectID == "" {
		if id := v.Str(s.UserID); isGUID(id) {
			u.ObjectID = strings.ToLower(strings.Trim(id, "{}"))
		}
	}
	if u.Name == "" && (u.UPN != "" || u.ObjectID != "") {
		u.Name = alert.Cut(oneLine(v.Str(displayNames...)), maxName)
	}
	return u
}

// person reads what a field says of one user: a UPN, an Entra object id, a
// name, or an object with them.
func person(v jsontree.Value) alert.User {
	v = v.Unwrap()
	if v.Kind == jsontree.Array && len(v.List) == 1 {
		v = v.List[0].Value.Unwrap()
	}
	if v.Kind == jsontree.Object {
		u := person(jsontree.StringValue(v.Str("userPrincipalName", "UPN", "value", "mail", "email")))
		if inner := v.Get("addedFields"); inner.Kind == jsontree.Object && u.UPN == "" {
			u.UPN = person(inner.Get("userPrincipalName")).UPN
		}
		if id := v.Str("id", "objectId", "value"); isGUID(id) && u.ObjectID == "" {
			u.ObjectID = strings.ToLower(strings.Trim(id, "{}"))
		}
		if u.UPN != "" || u.ObjectID != "" {
			u.Name = alert.Cut(oneLine(v.Str("displayName")), maxName)
		}
		return u
	}
	if v.Kind != jsontree.String {
		return alert.User{}
	}
	switch s := oneLine(v.Text); {
	case isGUID(s):
		return alert.User{ObjectID: strings.ToLower(strings.Trim(s, "{}"))}
	case isUPN(s):
		return alert.User{UPN: s}
	case len(s) > maxName || strings.ContainsAny(s, "@,;\\/|<>") || strings.Trim(s, "0123456789-. ") == "" || isPlainWord(s):
		return alert.User{}
	default:
		return alert.User{Name: s}
	}
}

// sure keeps of a user only what identifies one: not a name.
func sure(u alert.User) alert.User {
	if u.UPN == "" && u.ObjectID == "" {
		return alert.User{}
	}
	return u
}

// onlyUPN is the user of a text that names exactly one.
func onlyUPN(text string) alert.User {
	var u alert.User
	for _, s := range upnInside.FindAllString(oneLine(text), 8) {
		if s = strings.Trim(s, ".'"); !isUPN(s) {
			continue
		}
		if u.UPN != "" && !strings.EqualFold(u.UPN, s) {
			return alert.User{}
		}
		u.UPN = s
	}
	return u
}

// taskUser finds the affected user in the parameters of a task, in the order
// in which CIPP looks. [A] An offboarding of several users has none.
func taskUser(params jsontree.Value) alert.User {
	params = params.Unwrap()
	var u alert.User
	for _, name := range []string{"UserObj", "UserPrincipalName", "UPN", "username", "user", "userid", "id"} {
		p := sure(person(params.Get(name)))
		if u.UPN == "" {
			u.UPN = p.UPN
		}
		if u.ObjectID == "" && (u.UPN == "" || p.UPN != "" || name == "userid" || name == "id") {
			u.ObjectID = p.ObjectID
		}
	}
	return u
}
