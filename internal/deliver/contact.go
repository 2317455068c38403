package deliver

import (
	"context"
	"errors"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
)

// contact is a Halo user that a ticket is linked to. The zero value is the
// client's General User.
type contact struct {
	userID int
	siteID int
}

// contact finds the Halo user of a client for an affected user: by Entra
// object id, else by e-mail address, login or alias. Nobody found is the zero
// contact. Halo's rows are always compared again, because a filter that this
// Halo does not know is ignored [G] or refused [B] by it.
func (j *job) contact(ctx context.Context, client int, u alert.User) (contact, error) {
	if u.Key() == "" {
		return contact{}, nil
	}
	k := memoryKey{client, u.Key()}
	if c, ok := j.target.contacts.get(k, j.d.now()); ok {
		return c, nil
	}
	found, err := findContact(ctx, j.target.halo, client, u)
	if err != nil {
		return contact{}, err
	}
	j.target.contacts.put(k, found, j.d.now())
	return found, nil
}

// refreshContact looks a user up again whose entry is getting old, when the
// ticket is made already: so the next one need not wait for it.
func (j *job) refreshContact(ctx context.Context, client int, u alert.User) {
	k := memoryKey{client, u.Key()}
	if u.Key() == "" || !j.target.contacts.stale(k, j.d.now()) {
		return
	}
	if found, err := findContact(ctx, j.target.halo, client, u); err == nil {
		j.target.contacts.put(k, found, j.d.now())
	}
}

func findContact(ctx context.Context, h *halo.Client, client int, u alert.User) (contact, error) {
	if u.ObjectID != "" {
		found, err := searchContact(ctx, h, u, halo.UserQuery{ClientID: client, AdvancedSearch: []halo.Filter{
			{Name: "azureoid", Type: 2, Value: u.ObjectID},
		}})
		if err != nil && !refusedFilter(err) {
			return contact{}, err
		}
		if found != (contact{}) {
			return found, nil
		}
	}
	for _, text := range searchTexts(u) {
		found, err := searchContact(ctx, h, u, halo.UserQuery{ClientID: client, Search: text})
		if err != nil && !refusedFilter(err) {
			return contact{}, err
		}
		if found != (contact{}) {
			return found, nil
		}
	}
	return contact{}, nil
}

// searchTexts are the texts to search for, the surest first. A login is often
// the part before the @ of the address; the rows are compared afterwards.
func searchTexts(u alert.User) []string {
	switch {
	case u.UPN != "":
		return []string{u.UPN}
	case u.Name != "":
		return []string{u.Name}
	}
	return nil
}

// refusedFilter tells that Halo refuses the way of asking, not us.
func refusedFilter(err error) bool {
	var e *halo.Error
	return errors.As(err, &e) && e.Class == halo.ClassRefused
}

// unanswerable tells that asking for users again would not help.
func unanswerable(err error) bool {
	var e *halo.Error
	return errors.As(err, &e) && (e.Class == halo.ClassRefused || e.Class == halo.ClassForbidden || e.Class == halo.ClassNotFound)
}

// contactRows bounds how many users are looked at: a Halo that ignores the
// filter sends all users of the client.
const contactRows = 1000

func searchContact(ctx context.Context, h *halo.Client, u alert.User, q halo.UserQuery) (contact, error) {
	var second *halo.User // matches by address, while an id match may still come
	n := 0
	for row, err := range h.Users(ctx, q) {
		if err != nil {
			return contact{}, err
		}
		if n++; n > contactRows {
			break
		}
		if row.Inactive || (row.ClientID != 0 && row.ClientID != q.ClientID) {
			continue
		}
		if byObjectID(row, u) {
			return contact{userID: row.ID, siteID: row.SiteID}, nil
		}
		if second == nil && byAddress(row, u) {
			second = &row
		}
	}
	if second == nil {
		return contact{}, nil
	}
	return contact{userID: second.ID, siteID: second.SiteID}, nil
}

func byObjectID(row halo.User, u alert.User) bool {
	return u.ObjectID != "" && (strings.EqualFold(row.AzureOID, u.ObjectID) || strings.EqualFold(row.AADUserID, u.ObjectID))
}

func byAddress(row halo.User, u alert.User) bool {
	if u.UPN == "" {
		return false
	}
	for _, v := range append([]string{row.Email, row.Email2, row.Email3, row.NetworkLogin, row.Login, row.SAMAccountName, row.AADUserID}, row.Aliases...) {
		if v != "" && strings.EqualFold(strings.TrimSpace(v), u.UPN) {
			return true
		}
	}
	return false
}
