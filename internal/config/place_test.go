package config

import "testing"

func TestAt(t *testing.T) {
	t.Parallel()
	const file = minimal + `routes:
  - {name: one, match: [kind=x], ticket: {team: Secrity}}
  - name: two
    ticket:
      priority: {critical: 1, error: Hihg}
      fields:
        CF one: x
`
	first := 1
	for _, c := range minimal {
		if c == '\n' {
			first++
		}
	}
	for path, want := range map[string][2]int{
		"routes[0].ticket.team":           {first + 1, 43},
		"routes[1].ticket.priority.error": {first + 4, 31},
		"routes[1].ticket.fields.CF one":  {first + 6, 9},
		"routes[1].ticket.agent":          {first + 3, 5}, // the nearest place above
		"routes[7].ticket":                {first, 1},
		"nowhere":                         {1, 1},
	} {
		if p := At("f.yaml", []byte(file), path, "no"); p.Line != want[0] || p.Column != want[1] || p.Path != path || p.File != "f.yaml" || p.Text != "no" {
			t.Errorf("%s: %+v, want line %d, column %d", path, p, want[0], want[1])
		}
	}
	if p := At("f.yaml", []byte("\tno: yaml"), "routes", "no"); p.Line != 1 {
		t.Errorf("not YAML: %+v", p)
	}
}
