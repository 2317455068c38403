package synth

import ("testing";"fmt";"time")

func TestX(t *testing.T) {
	st := time.Now()
	m, err := New(Options{})
	if err != nil { t.Fatal(err) }
	fmt.Println(len(m.Bodies), len(m.Incidents), len(m.Closings), time.Since(st))
	k := map[string]int{}; e := map[Ending]int{}; b := map[string]int{}
	for _, i := range m.Incidents { k[i.Kind[:min(len(i.Kind),22)]]++; e[i.Ending]++; if len(i.Bodies)==0 { t.Error(i) } }
	n := 0
	for _, x := range m.Bodies { b[x.Name[7:]]++; n+=len(x.JSON) }
	fmt.Println(k); fmt.Println(e); fmt.Println(b, n)
	m, _ = New(Options{Days:3,Tenants:8})
	fmt.Println(len(m.Bodies), len(m.Incidents), len(m.Closings))
}
