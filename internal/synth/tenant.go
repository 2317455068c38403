package synth

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// tenant is a customer with what is used up of its names.
type tenant struct {
	Tenant
	label string // of its domains; unique
	size  float64
	storm bool // it joins in the middle of the month, and all its trouble is found at once
	names map[string]int
}

const firstClient = 1001

// newcomers is how many of n tenants join in the middle of the month.
func newcomers(n int) int { return max(1, n/30) }

// unmappedFor is how long it takes until somebody maps a newcomer.
const unmappedFor = 2 * time.Hour

func (m *maker) tenant(i int, joins bool) tenant {
	r := m.rand("tenant", i)
	towns, trades := towns(), trades()
	label := towns[i%len(towns)]
	if round := i / len(towns); round > 0 {
		label += fmt.Sprint(round + 1)
	}
	t := tenant{label: label, names: make(map[string]int), Tenant: Tenant{
		ID: guid(r), Domain: label + ".onmicrosoft.com", Client: firstClient + i,
		Name: strings.ToUpper(label[:1]) + label[1:] + " " + trades[r.IntN(len(trades))], Joined: m.start, Mapped: m.start,
	}}
	switch n := r.IntN(10); { // many small ones, few large ones
	case n < 6:
		t.Users = 6 + r.IntN(40)
	case n < 9:
		t.Users = 50 + r.IntN(150)
	default:
		t.Users = 250 + r.IntN(500)
	}
	t.size = 0.6 + float64(min(t.Users, 300))/200
	if joins {
		t.storm = true
		t.Joined = m.start.Add(m.end.Sub(m.start) / 3).Truncate(24 * time.Hour).Add(time.Duration(13+i%3) * time.Hour)
		t.Mapped = t.Joined.Add(unmappedFor)
	}
	return t
}

// next counts within a tenant, so that no name comes twice.
func (t *tenant) next(what string) int {
	t.names[what]++
	return t.names[what] - 1
}

// person is a user of the tenant whom no other trouble is about.
func (t *tenant) person() (display, upn string) {
	n := t.next("person")
	firstNames, lastNames := firstNames(), lastNames()
	first, last := firstNames[n%len(firstNames)], lastNames[(n/len(firstNames)+n)%len(lastNames)]
	upn = strings.ToLower(first + "." + last)
	if round := n / (len(firstNames) * len(lastNames)); round > 0 {
		upn += fmt.Sprint(round + 1)
	}
	return first + " " + last, upn + "@" + t.label + ".example"
}

// code is a name for a thing of the tenant, such as LAPTOP-FALUN-0007.
func (t *tenant) code(what string) string {
	return fmt.Sprintf("%s-%s-%04d", what, strings.ToUpper(t.label), t.next(what)+1)
}

func guid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a), uint16(a>>32), a>>52, b>>52, b&0xffffffffffff)
}

// towns are the labels of tenants. None is the begin of another.
func towns() []string {
	return []string{
		"falun", "gavle", "lulea", "mora", "nora", "orebro", "pajala", "rattvik", "sala", "trosa", "umea", "vaxjo", "ystad", "arvika", "boden",
		"eslov", "habo", "kalmar", "leksand", "motala", "nassjo", "pitea", "ronneby", "skara", "tierp", "uddevalla", "visby", "alesund", "bergen", "drammen",
		"egersund", "floro", "gjovik", "hamar", "jevnaker", "kragero", "larvik", "molde", "narvik", "odda", "porsgrunn", "risor", "skien", "tromso", "ulstein",
		"voss", "aalborg", "billund", "esbjerg", "grenaa", "horsens", "ikast", "jelling", "kolding", "lemvig", "middelfart", "nyborg", "odense", "randers", "skive",
		"thisted", "varde",
	}
}

func trades() []string {
	return []string{"Dental", "Logistics", "Architects", "Foods", "Law", "Timber", "Clinic", "Engineering", "Bakery", "Shipping", "School", "Insurance"}
}

func firstNames() []string {
	return []string{
		"Ada", "Bo", "Cleo", "Dag", "Edda", "Finn", "Gro", "Hugo", "Ida", "Jon", "Kaja", "Leif", "Mai", "Nils", "Oda", "Per", "Runa", "Siv", "Tor", "Unn",
		"Vera", "Wilma", "Ylva", "Aksel", "Berit", "Carl", "Dina", "Even", "Frida", "Gustav", "Hilda",
	}
}

func lastNames() []string {
	return []string{
		"Aas", "Berg", "Carlsen", "Dahl", "Eide", "Foss", "Grande", "Holm", "Isaksen", "Juhl", "Kvam", "Lund", "Moen", "Ness", "Odden", "Prytz", "Riis", "Sand",
		"Tangen", "Ulvik", "Vang", "Wold", "Ytre", "Brekke", "Dybdal", "Engen", "Fjeld", "Gran", "Haug", "Iversen", "Krogh", "Lie", "Myhre", "Nygard", "Olsen", "Ruud", "Sletten",
	}
}
