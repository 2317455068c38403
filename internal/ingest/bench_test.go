package ingest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/halert/halert/internal/httpserver"
	"github.com/halert/halert/internal/secret"
	"github.com/halert/halert/internal/source/cipp"
	"github.com/halert/halert/internal/store"
)

// body is what CIPP sends of one finding, about 1.5 KB.
func body() []byte {
	return []byte(`{"tenantId":"5b7c1f0e-2f0c-4d8e-9a6b-0d3c2f1e4a55","Tenant":"contoso.onmicrosoft.com","TaskInfo":{"Name":"*All Tenants: Alert on admins without any form of MFA",
		"Command":"Get-CIPPAlertMFAAdmins","PostExecution":"Webhook","AdditionalProperties":"` + strings.Repeat("x", 1000) + `"},
		"Results":[{"Message":"Admin user Adele Vance (adele.vance@contoso.com) does not have MFA registered.","UserPrincipalName":"adele.vance@contoso.com","Tenant":"contoso.onmicrosoft.com"}]}`)
}

// BenchmarkPost compares a durable intake with a handler that only reads and
// decodes the same body: look at the ratio of the two, in one run.
func BenchmarkPost(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		post(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var v any
			if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
				b.Error(err)
			}
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"id":"x"}`)
		}))
	})
	b.Run("durable", func(b *testing.B) {
		s, err := store.Open(b.Context(), "", b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		rc := New(Options{Store: s, Log: slog.New(slog.DiscardHandler), Now: time.Now, Accepted: func() {}})
		rc.Configure([]Source{{Name: "cipp", Kind: "cipp", SecretHash: secret.HashToken("s"), Parser: cipp.New(cipp.Options{})}}, nil)
		mux := httpserver.NewMux(slog.New(slog.DiscardHandler))
		mux.HandleFunc("POST /hooks/{source}", rc.Post)
		post(b, mux)
	})
}

func post(b *testing.B, h http.Handler) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	payload := body()
	b.SetParallelism(32) // times GOMAXPROCS connections
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL+"/hooks/cipp", bytes.NewReader(payload))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer s")
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusAccepted {
				b.Errorf("status %d", resp.StatusCode)
				return
			}
		}
	})
}
