package cipp

import (
	"slices"
	"strings"

	"github.com/halert/halert/internal/alert"
)

// spec is what is known of one alert kind before it fires.
type spec struct {
	Name     string // what follows Get-CIPPAlert in the command, or the preset's name
	Title    string // what is wrong, in a few words
	What     string // one sentence each: what is wrong, why it matters, what to do
	Means    string
	Do       string
	Severity alert.Severity // where the row does not say
	Keys     []string       // the fields that identify a row, together
	Columns  []string       // the fields to show first
	Portals  []portal
	Page     string // CIPP's page about it

	User          string // the field with the affected user, where the usual ones mislead
	UserID        string // the field with the user's Entra object id
	UserInMessage bool   // the user stands only in the message
	NoUser        bool   // rows are not about a person
	Whole         bool   // the tenant as a whole is the subject: one alert for each tenant
	OneShot       bool   // reports something that happened: its absence later means nothing
	Partial       bool   // may be set to report only what is new, which the body does not tell [A]
	Most          int    // CIPP asks for no more rows than this: so many may not be all [A]; 0: for all
}

// catalogue holds all scripted alerts of CIPP. [A] Like the other tables of
// this package it is never written to.
var catalogue = slices.Concat(
	identityAlerts, signInAlerts, licenceAlerts, applicationAlerts,
	deviceAlerts, defenderAlerts, mailAlerts, tenantAlerts,
)

// commandPrefix begins the command of every scripted alert. [A] The case
// varies between versions of CIPP.
const commandPrefix = "get-cippalert"

// scripted is the catalogue by the folded command.
var scripted = byCommand(catalogue)

func byCommand(all []spec) map[string]*spec {
	m := make(map[string]*spec, len(all))
	for i := range all {
		m[commandPrefix+strings.ToLower(all[i].Name)] = &all[i]
	}
	return m
}

// OneShot tells that an alert kind reports something that happened once: that
// it is not reported again does not mean that it is over. It is true for audit
// log records and the logbook as well; other kinds describe a state. [A]
func OneShot(kind string) bool {
	command, _, _ := strings.Cut(kind, "/")
	if s := scripted[command]; s != nil {
		return s.OneShot
	}
	return command == "audit" || command == "logbook"
}

// isWhole tells that so many rows are surely all that there are. What is not in
// the catalogue may have a way of its own.
func (s *spec) isWhole(rows int) bool {
	return s != nil && !s.OneShot && !s.Partial && (s.Most == 0 || rows < s.Most)
}

// topic is the head of a ticket about this alert kind.
func (s *spec) topic(kind string) alert.Topic {
	return alert.Topic{Kind: kind, Title: s.Title, What: s.What, Means: s.Means, Do: s.Do, Columns: s.Columns}
}
