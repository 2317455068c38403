package alert

import (
	"fmt"
	"slices"
)

// Customer is a Halo client, and optionally a site of it, with the tenants
// that belong to it.
type Customer struct {
	ClientID int      // Halo's client id
	SiteID   int      // Halo's site id; 0 for the client's own
	Name     string   // for people
	Tenants  []string // tenant ids, domains or names, in any case
	Groups   []string // names under which rules speak of several customers, such as "gold"
}

// Directory finds the customer of a tenant. The zero value knows nobody.
type Directory struct {
	byTenant map[string]Customer
}

// NewDirectory fails if one tenant is claimed by two customers.
func NewDirectory(customers []Customer) (Directory, error) {
	d := Directory{byTenant: make(map[string]Customer)}
	for _, c := range customers {
		for _, t := range c.Tenants {
			key := fold(t)
			if key == "" {
				continue
			}
			if other, taken := d.byTenant[key]; taken && (other.ClientID != c.ClientID || other.SiteID != c.SiteID) {
				return Directory{}, fmt.Errorf("tenant %q is given to client %d and to client %d; keep it with one of them", t, other.ClientID, c.ClientID)
			}
			d.byTenant[key] = c
		}
	}
	return d, nil
}

// Find returns the customer of a tenant, and the name by which it was found:
// its own id and domain first, then the names that are known to mean the same
// tenant. It never guesses.
func (d Directory) Find(t Tenant, known Aliases) (c Customer, name string, ok bool) {
	for _, name := range append([]string{t.ID, t.Domain}, known.Of(t)...) {
		if c, ok := d.byTenant[fold(name)]; ok && name != "" {
			return c, name, true
		}
	}
	return Customer{}, "", false
}

// Aliases holds which domains belong to which tenant id, as learned from
// bodies that carry both. Keys are domains, values tenant ids, all lower case.
type Aliases map[string]string

// Canonical is the one name under which a tenant's alerts are kept: its id
// if known, else its domain. It is empty for no tenant.
func (a Aliases) Canonical(t Tenant) string {
	if t.ID != "" {
		return t.ID
	}
	if id, ok := a[t.Domain]; ok {
		return id
	}
	return t.Domain
}

// Of returns the names of a tenant: its id, then its domains in the order of
// the alphabet.
func (a Aliases) Of(t Tenant) []string {
	id := a.Canonical(t)
	if id == "" {
		return nil
	}
	names := []string{id}
	for domain, of := range a {
		if of == id {
			names = append(names, domain)
		}
	}
	slices.Sort(names[1:])
	return names
}
