package deliver

import (
	"context"
	"strings"

	"github.com/halert/halert/internal/alert"
	"github.com/halert/halert/internal/halo"
)

// asset is a Halo asset that a ticket is linked to. The zero value is none.
type asset struct {
	id     int
	siteID int
}

const (
	maxDevices = 5    // a ticket that names more is not about devices
	assetRows  = 1000 // rows to look at: a Halo that ignores the search sends all assets of the client
)

// devices are the devices that findings name, without regard to case. It is
// nil if there are more than maxDevices.
func devices(found []alert.Finding) []string {
	var names []string
	seen := make(map[string]bool)
	for _, f := range found {
		name := strings.TrimSpace(f.Device)
		if name == "" || seen[strings.ToLower(name)] {
			continue
		}
		if len(names) == maxDevices {
			return nil
		}
		seen[strings.ToLower(name)] = true
		names = append(names, name)
	}
	return names
}

// assets finds the Halo assets of the devices that a new ticket names. An
// asset that Halo does not let us look for is left out: the ticket matters
// more.
func (j *job) assets(ctx context.Context, found []alert.Finding) ([]asset, error) {
	if !j.target.settings.LinkAssets {
		return nil, nil
	}
	var all []asset
	for _, device := range devices(found) {
		k := memoryKey{j.ticket.Customer.ClientID, strings.ToLower(device)}
		a, known := j.target.assets.get(k, j.d.now())
		if !known {
			var err error
			if a, err = findAsset(ctx, j.target.halo, k.client, device); unanswerable(err) {
				j.target.told.warn(j.log, "devices cannot be looked up in Halo; tickets are made without them. Give the application read:assets, or set link_assets to false", err.Error())
			} else if err != nil {
				return nil, err
			}
			j.target.assets.put(k, a, j.d.now())
		}
		if a != (asset{}) {
			all = append(all, a)
		}
	}
	return all, nil
}

// refreshAssets looks those devices up again whose entries are getting old,
// when the ticket is made already.
func (j *job) refreshAssets(ctx context.Context, found []alert.Finding) {
	if !j.target.settings.LinkAssets {
		return
	}
	for _, device := range devices(found) {
		k := memoryKey{j.ticket.Customer.ClientID, strings.ToLower(device)}
		if !j.target.assets.stale(k, j.d.now()) {
			continue
		}
		a, err := findAsset(ctx, j.target.halo, k.client, device)
		if err != nil {
			return
		}
		j.target.assets.put(k, a, j.d.now())
	}
}

// findAsset looks for the one active asset of a client that has the device's
// name as its number or one of its keys. Halo's rows are compared again: its
// search finds parts of names [A], and a filter that it does not know is
// ignored [G]. Two that match are none.
func findAsset(ctx context.Context, h *halo.Client, client int, device string) (asset, error) {
	var hit asset
	n := 0
	for row, err := range h.Assets(ctx, halo.AssetQuery{ClientID: client, Search: device}) {
		if err != nil {
			return asset{}, err
		}
		if n++; n > assetRows {
			return asset{}, nil // there may be a second one among the rest
		}
		if row.Inactive || row.ClientID != client || !isAsset(row, device) {
			continue
		}
		if hit.id != 0 {
			return asset{}, nil
		}
		hit = asset{id: row.ID, siteID: row.SiteID}
	}
	return hit, nil
}

func isAsset(row halo.Asset, device string) bool {
	for _, v := range []string{row.InventoryNumber, row.KeyField, row.KeyField2, row.ThirdPartyID} {
		if strings.EqualFold(strings.TrimSpace(v), device) {
			return true
		}
	}
	return false
}

// commonSite is the site of all assets; 0 if they differ or there are none.
func commonSite(all []asset) int {
	site := 0
	for i, a := range all {
		if i > 0 && a.siteID != site {
			return 0
		}
		site = a.siteID
	}
	return site
}
