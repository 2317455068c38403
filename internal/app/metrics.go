package app

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/halert/halert/internal/deliver"
	"github.com/halert/halert/internal/store"
)

// metrics are what Prometheus reads. Each App has its own registry.
type metrics struct {
	registry *prometheus.Registry
	events   *prometheus.CounterVec
	calls    *prometheus.CounterVec
	waits    *prometheus.HistogramVec
	told     *prometheus.CounterVec
	plain    *prometheus.CounterVec
}

func newMetrics(s *store.Store, now func() time.Time, trouble func() *deliver.Trouble) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "halert_events_total", Help: "Bodies that senders posted, by source and by what became of them: accepted, quarantined, refused, failed.",
		}, []string{"source", "result"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "halert_halo_calls_total", Help: "Changing calls to Halo, by call (create, note, close) and class of error; the class is empty for those that went well.",
		}, []string{"call", "class"}),
		told: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "halert_notifications_total", Help: "Messages to people that were tried, by channel (email, webhook) and result (sent, failed).",
		}, []string{"channel", "result"}),
		plain: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "halert_template_failures_total", Help: "Tickets with halert's own text because their template failed or is not configured, by template.",
		}, []string{"template"}),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "halert_delivery_seconds", Help: "Time from a report until Halo shows it, by call (create, note).",
			Buckets: []float64{0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86400},
		}, []string{"call"}),
	}
	m.registry.MustRegister(m.events, m.calls, m.waits, m.told, m.plain, &collector{store: s, now: now, trouble: trouble},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) event(source, result string) { m.events.WithLabelValues(source, result).Inc() }

func (m *metrics) templateFailed(name string) { m.plain.WithLabelValues(name).Inc() }

func (m *metrics) notified(channel, result string) { m.told.WithLabelValues(channel, result).Inc() }

func (m *metrics) call(call store.Call, class string) {
	m.calls.WithLabelValues(string(call), class).Inc()
}

func (m *metrics) delivered(waited time.Duration, create bool) {
	call := store.CallNote
	if create {
		call = store.CallCreate
	}
	m.waits.WithLabelValues(string(call)).Observe(waited.Seconds())
}

// collector reads the numbers that stand in the database when it is asked.
type collector struct {
	store   *store.Store
	now     func() time.Time
	trouble func() *deliver.Trouble
}

type gauge struct {
	desc  *prometheus.Desc
	value func(store.Stats, time.Time) float64
}

func (c *collector) gauges() []gauge {
	d := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	age := func(at, now time.Time) float64 {
		if at.IsZero() || at.After(now) {
			return 0
		}
		return now.Sub(at).Seconds()
	}
	return []gauge{
		{d("halert_inbox_pending", "Accepted bodies that are not parsed yet."), func(s store.Stats, _ time.Time) float64 { return float64(s.PendingEvents) }},
		{d("halert_inbox_age_seconds", "Age of the oldest body that is not parsed yet."), func(s store.Stats, now time.Time) float64 { return age(s.OldestPending, now) }},
		{d("halert_events_quarantined", "Bodies in quarantine."), func(s store.Stats, _ time.Time) float64 { return float64(s.QuarantinedEvents) }},
		{d("halert_alerts_held", "Alerts that wait for their tenant to be mapped."), func(s store.Stats, _ time.Time) float64 { return float64(s.HeldAlerts) }},
		{d("halert_alerts_firing", "Alerts that are firing."), func(s store.Stats, _ time.Time) float64 { return float64(s.FiringAlerts) }},
		{d("halert_tickets_open", "Tickets that are open in Halo, as far as is known."), func(s store.Stats, _ time.Time) float64 { return float64(s.OpenTickets) }},
		{d("halert_delivery_age_seconds", "How long the delivery that waits longest has waited."), func(s store.Stats, now time.Time) float64 { return age(s.OldestDue, now) }},
		{d("halert_halo_budget_used", "Calls to Halo within the rolling window."), func(s store.Stats, _ time.Time) float64 { return float64(s.CallsInWindow) }},
	}
}

func (c *collector) deliveries() *prometheus.Desc {
	return prometheus.NewDesc("halert_deliveries", "Deliveries by state.", []string{"state"}, nil)
}

func (c *collector) up() *prometheus.Desc {
	return prometheus.NewDesc("halert_halo_up", "1 while deliveries to Halo go on, 0 while it is down or refuses everybody.", nil, nil)
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range c.gauges() {
		ch <- g.desc
	}
	ch <- c.deliveries()
	ch <- c.up()
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	now := c.now()
	st, err := c.store.Stats(ctx, now)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.deliveries(), err)
		return
	}
	for _, g := range c.gauges() {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(st, now))
	}
	for _, state := range []store.DeliveryState{store.Available, store.Retryable, store.Scheduled, store.Completed, store.Discarded, store.Cancelled} {
		ch <- prometheus.MustNewConstMetric(c.deliveries(), prometheus.GaugeValue, float64(st.Deliveries[state]), string(state))
	}
	up := 1.0
	if c.trouble() != nil {
		up = 0
	}
	ch <- prometheus.MustNewConstMetric(c.up(), prometheus.GaugeValue, up)
}
