package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/alert"
)

func riskyLocation() Section {
	who := inboxRule().User
	return Section{Severity: alert.Warning, Total: 1, Topic: alert.Topic{
		Kind: "audit/userloggedin/location", Title: "Sign-in from a new country", What: "The user signed in from a country that is new for them.",
		Do: "Ask the user whether they travel.", Comment: "Travel list: https://docs.msp.example/travel",
		Links: []alert.Link{{Text: "Entra: sign-ins", URL: "https://entra.microsoft.com/#signins"}},
	}, Findings: []alert.Finding{{Title: "Mira Holt signed in from NL", User: who, Fields: fields("Country", "NL", "ClientIP", "203.0.113.77")}}}
}

// together is one ticket about all findings of the sections.
func together(t Ticket, all ...Section) Ticket {
	t.Sections, t.Findings, t.Total = all, nil, 0
	for _, s := range all {
		t.Findings, t.Total = append(t.Findings, s.Findings...), t.Total+s.Total
	}
	return t
}

func sectionOf(t Ticket) Section {
	return Section{Topic: t.Topic, Severity: t.Severity, Findings: t.Findings, Total: t.Total}
}

func oneUser() Ticket {
	t := inboxRule()
	t.User, t.UserLinked = alert.User{}, false // the findings name one person all the same
	t = together(t, sectionOf(t), riskyLocation())
	t.Links = []alert.Link{{Text: "Snooze findings of this ticket", URL: "https://halert.msp.example/snooze/x"}}
	return t
}

func mixed() Ticket {
	return together(drift(), sectionOf(defenderIncidents()), sectionOf(devices()), sectionOf(drift()))
}

func stormTicket(kinds int) Ticket {
	t := ticket(alert.Topic{Kind: "storm", Title: "Many alerts at once at Harbour Dental", What: "More than 20 new tickets would have been made."}, alert.Critical)
	t.Storm = []StormLine{
		{Topic: defenderIncidents().Topic, Severity: alert.Critical, Open: 2, Total: 2, Findings: defenderIncidents().Findings},
		{Topic: devices().Topic, Severity: alert.Critical, Open: 9, Total: 12, Findings: devices().Findings},
		{Topic: drift().Topic, Severity: alert.Warning, Open: 0, Total: 3},
	}
	for i := range kinds {
		line := t.Storm[i%3]
		line.Topic.Title = fmt.Sprintf("Kind %d of alerts %s", i, evil)
		t.Storm = append(t.Storm, line)
	}
	return t
}

func TestGoldenSections(t *testing.T) {
	t.Parallel()
	pages := make(map[string]string)
	for name, c := range map[string]Ticket{"several-one-user": oneUser(), "several-mixed": mixed(), "storm": stormTicket(0)} {
		pages[name] = "<!-- " + Summary(c) + " -->\n" + Body(c)
	}
	mix := mixed()
	base := noteCases()["note-again"]
	with := func(change func(*Note)) string {
		n := base
		n.Repeated, n.RepeatedTotal, n.Firing = nil, 0, 7
		change(&n)
		return NoteHTML(n)
	}
	pages["note-several-new-and-over"] = with(func(n *Note) {
		n.New, n.NewTotal, n.NewBy = append(mix.Sections[0].Findings[:1:1], mix.Sections[2].Findings...), 4, []Section{mix.Sections[0], mix.Sections[2]}
		n.Gone, n.GoneTotal, n.GoneBy = mix.Sections[1].Findings, 2, mix.Sections[1:2]
	})
	pages["note-several-again"] = with(func(n *Note) {
		n.Repeated, n.RepeatedTotal, n.RepeatedBy = mix.Findings, 7, mix.Sections
	})
	pages["note-storm-over"] = StormOverNote("[HLTQ7M2KXA4T9WBCE/41]", 200, 40, 10*time.Minute)
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkHTML(t, page)
			golden(t, name+".html", page)
		})
	}
}

func TestSubjectSpeaksForAll(t *testing.T) {
	t.Parallel()
	one := together(drift(), sectionOf(drift()))
	for name, c := range map[string]struct {
		ticket Ticket
		want   string
	}{
		"one person":  {oneUser(), "2 alerts about Mira Holt - Harbour Dental"},
		"nobody":      {mixed(), "7 alerts: Defender incidents, Malware on devices, Standards have drifted - Harbour Dental"},
		"one kind":    {one, Summary(drift())},
		"a storm":     {stormTicket(3), "Many alerts at once at Harbour Dental"},
		"no findings": {together(drift(), Section{}, Section{}), "0 alerts: Alert, Alert - Harbour Dental"},
	} {
		if got := Summary(c.ticket); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if Body(one) != Body(drift()) {
		t.Error("a ticket of one kind has another text for its one section")
	}
}

// However much comes in, the text stays bounded, whole and marked.
func TestSectionsAreBounded(t *testing.T) {
	t.Parallel()
	bad := hostile()
	huge := sectionOf(bad)
	huge.Topic.Comment = strings.Repeat(evil+" https://docs.example/"+strings.Repeat("&", 200)+"\n", 1000)
	for range 6 {
		huge.Findings = append(huge.Findings, huge.Findings...)
	}
	huge.Total = 5000
	var many []Section
	for range 40 {
		many = append(many, huge)
	}
	for name, c := range map[string]Ticket{"sections": together(bad, many...), "storm": stormTicket(3000)} {
		page := Body(c)
		got := checkHTML(t, page)
		if !strings.Contains(got.text, c.Reference) || !strings.Contains(got.text, "more kinds of alerts") {
			t.Errorf("%s: the reference or the rest is missing in %d bytes", name, len(page))
		}
		if data := newData(c); len(data.Table) >= maxTable || len(data.Sections) > maxSections {
			t.Errorf("%s: templates get %d sections", name, len(data.Sections))
		}
	}
	n := noteCases()["note-hostile"]
	n.NewBy, n.GoneBy = many, many
	if got := checkHTML(t, NoteHTML(n)); !strings.Contains(got.text, n.Mark) {
		t.Error("the note has lost its mark")
	}
}

func TestTemplatesSeeSections(t *testing.T) {
	t.Parallel()
	made, err := ParseTemplates(Texts{
		Body: `{{range .Sections}}<p>{{.Kind}}|{{.Severity}}|{{.Total}}|{{range .Findings}}{{.Title}};{{end}}</p>{{end}}`,
		Note: `{{range .Sections}}<p>{{.Title}}: {{.Total}}</p>{{end}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ticket Ticket
		want   int
	}{"one kind": {drift(), 1}, "several": {mixed(), 3}} {
		body, err := made.Body(c.ticket)
		if got := strings.Count(body, "<p>"); err != nil || !strings.Contains(body, "drift|warning|3|Disable SMTP AUTH;") || got < c.want {
			t.Errorf("%s: %v, %s", name, err, body)
		}
		n := Note{Reference: "R", New: c.ticket.Findings, NewTotal: c.ticket.Total, NewBy: c.ticket.Sections}
		if note, err := made.Note(c.ticket, n); err != nil || !strings.Contains(note, "<p>Standards have drifted: 3</p>") {
			t.Errorf("%s: the note is %s (%v)", name, note, err)
		}
	}
}
